import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { comparisonsOf } from '../reading/pairs.ts';
import { hopsByWatching, isPriceOfWatching, pricesOfWatching } from '../reading/watching.ts';
import { fixture } from '../testing/fixture.ts';
import { watchedFixture } from '../testing/fixture-watching.ts';
import { readMarkup } from '../testing/well-formed.ts';
import { reportHtml } from './index.ts';
import { watching } from './watching.ts';

const text = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('\u00a0', ' ')
    .replace(/\s+/g, ' ');

describe('what watching costs', () => {
  test('pairs are arms that differ in nothing but how they are watched, against the one that is not', () => {
    assert.deepEqual(
      pricesOfWatching(watchedFixture()).map((p) => [p.arm, p.baseline, p.what]),
      [
        ['direct', 'direct-untraced', 'agent: light, as all other arms are'],
        ['passthrough', 'passthrough-untraced', 'agent and gateway: light, as all other arms are'],
        ['direct-full-sdk', 'direct-untraced', 'agent: the full OpenTelemetry SDK'],
        ['passthrough-full-sdk', 'passthrough-untraced', 'agent and gateway: the full OpenTelemetry SDK'],
      ],
    );
  });

  test('not where the two differ in anything else, or the baseline is watched too', () => {
    const analysis = watchedFixture();
    for (const [arm, baseline] of [
      ['passthrough', 'direct-untraced'],
      ['native', 'direct-untraced'],
      ['direct-full-sdk', 'direct'],
      ['direct-untraced', 'direct'],
      ['nobody', 'direct-untraced'],
    ] as const)
      assert.equal(isPriceOfWatching(analysis, { arm, baseline }), false, `${arm} − ${baseline}`);
  });

  test('the hop is told three times, each time between arms that are watched alike', () => {
    assert.deepEqual(
      hopsByWatching(watchedFixture()).map((p) => [p.arm, p.baseline]),
      [
        ['passthrough', 'direct'],
        ['passthrough-untraced', 'direct-untraced'],
        ['passthrough-full-sdk', 'direct-full-sdk'],
      ],
    );
  });

  test('a placebo is no such hop, and no pair with one is the price of watching: the delay lies between', () => {
    const analysis = watchedFixture();
    const like = (arm: string) => analysis.campaign.arms.find((a) => a.arm === arm)!;
    analysis.campaign.arms.push({ ...like('passthrough'), arm: 'placebo', delay_ms: 7 });
    analysis.campaign.arms.push({ ...like('passthrough-untraced'), arm: 'placebo-untraced', delay_ms: 7 });
    const hop = analysis.comparisons.find((c) => c.arm === 'passthrough' && c.baseline === 'direct')!;
    const [hops, prices] = [hopsByWatching(analysis), pricesOfWatching(analysis)];
    for (const baseline of ['direct', 'passthrough-untraced'])
      analysis.comparisons.push({ ...hop, arm: 'placebo', baseline });
    assert.deepEqual(hopsByWatching(analysis), hops);
    assert.deepEqual(pricesOfWatching(analysis), prices);
    assert.equal(isPriceOfWatching(analysis, { arm: 'placebo', baseline: 'placebo-untraced' }), true);
  });

  test('every row has its estimates, intervals, blocks and n, and links to the comparison behind it', () => {
    const analysis = watchedFixture();
    const markup = watching(analysis)!.markup;
    const rows = [...markup.matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) => row);
    const full = rows.find((row) => row.includes('passthrough-full-sdk') && row.includes('passthrough-untraced'))!;
    assert.match(text(full), /0\.130 ms.*0\.127 to 0\.133 ms.*0\.260 ms.*156 µs.*153 to 159 µs/);
    const median = comparisonsOf(analysis, 'felt_p50_shift').find(
      ({ comparison: c }) => c.arm === 'passthrough-full-sdk' && c.baseline === 'passthrough-untraced',
    )!;
    assert.ok(full.includes(`href="#comparisons-${median.index}"`));
    assert.ok(text(full).includes(`${median.comparison.blocks} `));
  });

  test('a figure that was not estimated is said to be, not left out', () => {
    const analysis = watchedFixture();
    analysis.comparisons = analysis.comparisons.filter(
      (c) => !(c.arm === 'direct-full-sdk' && c.metric === 'cpu_per_call_shift'),
    );
    assert.match(text(watching(analysis)!.markup), /direct-full-sdk − direct-untraced.*?not estimated/);
  });

  test('the section and its line in the contents are there with such arms, and only then', () => {
    const page = reportHtml(watchedFixture(), []);
    assert.equal(readMarkup(page).fault, null);
    assert.match(page, /<a href="#watching">What watching costs<\/a>/);
    assert.match(page, /<section id="watching"/);
    assert.equal(watching(fixture()), null);
    assert.doesNotMatch(reportHtml(fixture(), []), /watching/i);
  });
});
