import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderOutcome } from '../index.ts';
import { fixture } from '../testing/fixture.ts';
import { emptyFixture, ruled, smokeFixture } from '../testing/variants.ts';
import { course, latencyStanding, marginText, regionMs, stateOf, weakness } from './standing.ts';

const c1b = (analysis: ReturnType<typeof fixture>) => analysis.verdicts.find((v) => v.claim === 'C1b')!;

test('regions are read from margins of time, and from no others', () => {
  assert.deepEqual(regionMs('5 ms to 15 ms'), [5, 15]);
  assert.deepEqual(regionMs('0.5 ms to 1.25 ms'), [0.5, 1.25]);
  assert.deepEqual(regionMs('5–15 ms'), [5, 15]);
  assert.deepEqual(regionMs('at most 1 ms'), [null, 1]);
  assert.deepEqual(regionMs('at least 2 ms'), [2, null]);
  assert.equal(regionMs('lower by 0.1 percentage points or more'), null);
  assert.equal(regionMs('more by 1 µs or more'), null);
  assert.equal(marginText('5 ms to 15 ms'), '5 to 15 ms');
});

test('a campaign that was stopped and resumed says how often, wherever its status stands', async () => {
  const analysis = fixture();
  assert.equal(course(analysis.campaign), 'complete');
  assert.equal(course({ ...analysis.campaign, sittings: 2 }), 'complete, stopped and resumed 1 time');
  analysis.campaign.sittings = 4;
  const outcome = await renderOutcome(analysis, { digest: analysis.campaign.raw_digest });
  for (const path of ['report.html', 'adr.md', 'summary.md'])
    assert.match(outcome.find((f) => f.path === path)!.content, /complete, stopped and resumed 3 times/, path);
});

test('each standing of the price in latency', () => {
  const at = (verdict: 'confirmed' | 'refuted' | 'mixed' | 'inconclusive', times: number) =>
    latencyStanding(ruled(fixture(), [{ claim: 'C1b', verdict, times }]));
  assert.equal(at('refuted', 1), 'below');
  assert.equal(at('refuted', 60), 'above');
  assert.equal(at('confirmed', 24), 'claimed');
  assert.equal(at('mixed', 20), 'mixed');
  assert.equal(at('inconclusive', 12), 'open');
  assert.equal(latencyStanding(emptyFixture()), 'not tested');
});

test('refuted below in one place and above in another is mixed', () => {
  const analysis = fixture();
  c1b(analysis).evidence[1]!.estimate = 20_000;
  assert.equal(latencyStanding(analysis), 'mixed');
});

test('a decided verdict bears no weight when it is capped, smoke, aborted or without an interval', () => {
  const sound = fixture();
  assert.equal(weakness(sound, c1b(sound)), null);
  const capped = fixture();
  capped.warnings.push({ code: 'serial', message: 'm', mend: 'n', caps: ['C1b'] });
  assert.match(weakness(capped, c1b(capped))!, /warning/);
  assert.equal(latencyStanding(capped), 'open');
  assert.equal(stateOf(capped, 'C1b'), 'inconclusive');
  assert.equal(stateOf(capped, 'C1a'), 'refuted', 'a cap reaches the claims that it names');
  const smoke = ruled(smokeFixture(), [{ claim: 'C1b', verdict: 'refuted' }]);
  assert.match(weakness(smoke, c1b(smoke))!, /smoke/);
  const aborted = fixture();
  aborted.campaign.status = 'aborted';
  assert.equal(latencyStanding(aborted), 'open');
  const bare = fixture();
  c1b(bare).evidence[1]!.ci = null;
  assert.equal(latencyStanding(bare), 'open');
  assert.equal(stateOf(sound, 'C2'), 'not tested');
});
