import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Analysis, Verdict } from '#contract/analysis.ts';
import { fixture } from '../testing/fixture.ts';
import { emptyFixture, ruled, smokeFixture, troubledFixture } from '../testing/variants.ts';
import { outcomeOf } from './outcome.ts';

const at = (verdict: Verdict['verdict'], times: number): Analysis =>
  ruled(fixture(), [{ claim: 'C1b', verdict, times }]);

test('below the claim: nothing is ruled out by latency, and nothing is recommended', () => {
  const { chosen, because, figure } = outcomeOf(at('refuted', 1));
  assert.equal(chosen, 'no option is ruled out by latency; choose by the other drivers');
  assert.match(because, /below the claimed 5 to 15 ms/);
  assert.match(figure!, /^The p95 latency of tool calls was 0\.41 ms higher on arm gateway/);
});

test('as claimed, and above: native as far as latency decides', () => {
  const claimed = outcomeOf(at('confirmed', 24));
  assert.equal(claimed.chosen, 'Native, as far as latency decides');
  assert.match(claimed.because, /pays what was claimed, 5 to 15 ms/);
  const above = outcomeOf(at('refuted', 60));
  assert.equal(above.chosen, 'Native, as far as latency decides');
  assert.match(above.because, /more than the claimed 5 to 15 ms/);
});

test('a pair of the user’s own is called by its arm', () => {
  const analysis = at('confirmed', 24);
  analysis.campaign.arms.find((a) => a.arm === 'native')!.controls = 'off';
  assert.equal(outcomeOf(analysis).chosen, 'Arm native, as far as latency decides');
});

test('mixed: per workload, with the figures', () => {
  const { chosen, because } = outcomeOf(at('mixed', 20));
  assert.equal(chosen, 'no single option; decide per workload');
  assert.match(because, /8\.19 ms in tool-chain · instant/);
});

test('what is open, capped, smoke, aborted or untested recommends nothing', () => {
  const aborted = fixture();
  aborted.campaign.status = 'aborted';
  for (const analysis of [at('inconclusive', 12), troubledFixture(), smokeFixture(), aborted]) {
    const { chosen, because } = outcomeOf(analysis);
    assert.equal(chosen, 'none yet');
    assert.match(because, /not settled: /);
    assert.doesNotMatch(`${chosen} ${because}`, /Native|no ground/);
  }
  const { chosen, figure, consequences } = outcomeOf(emptyFixture());
  assert.equal(chosen, 'none: this campaign judged no claim on the decision');
  assert.equal(figure, null);
  assert.deepEqual(consequences, []);
});

test('each other verdict becomes a consequence in the words of its state', () => {
  const words = {
    confirmed: /is confirmed .* may be weighed/,
    refuted: /is no argument here/,
    mixed: /per workload/,
    inconclusive: /nothing here rests on it/,
  };
  for (const claim of ['C1a', 'C3', 'C6', 'C8', 'C9']) {
    for (const verdict of Object.keys(words) as Verdict['verdict'][]) {
      const said = outcomeOf(ruled(fixture(), [{ claim, verdict }])).consequences.find((c) =>
        c.startsWith(`Claim ${claim} `),
      );
      assert.match(said!, words[verdict]);
    }
  }
});

test('a verdict that a warning caps carries nothing, however it reads', () => {
  const analysis = fixture();
  analysis.warnings.push({ code: 'skew', message: 'm', mend: 'n', caps: ['C9'] });
  const said = outcomeOf(analysis).consequences.find((c) => c.startsWith('Claim C9 '))!;
  assert.match(said, /stays open, since a warning about the data caps it: nothing here rests on it/);
});
