import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadFigures, LoadMetricFigure } from '#contract/loadFigures.ts';
import type { Reach } from '#contract/shapes.ts';
import { loadWarnings } from './loadWarnings.ts';
import { campaigns, latency } from './testing.ts';

const { campaign } = campaigns();
const { manifest: planned } = await campaign({ blocks: 6, sessions: [{ ...latency, rounds: 1 }] });

const equals = { arm: 'direct-b', baseline: 'direct' };
const even = (value: number, blocks = 6): number[] => Array.from({ length: blocks }, () => value);

type Figure = Pick<LoadMetricFigure, 'metric' | 'arm' | 'baseline' | 'ci95' | 'by_block'>;

function loadOf(figures: readonly Figure[]): LoadFigures {
  const metrics = figures.map((f): LoadMetricFigure => {
    const rest = { estimate: 1, bound: null, level: null, level90: null, method: 'none', missing: null };
    return { ...rest, unit: f.baseline === null ? 'per_s' : 'ratio', blocks: 6, n: 1, ci90: f.ci95, ...f };
  });
  const shape = { workload: 'tool-chain', service: 'instant', blocks: 6, limits_ms: [], max_in_flight: 1 };
  return { ...shape, arms: [], metrics, probes: [], remarks: [] };
}

const own = (arm: string, least: readonly number[], metric = 'saturation'): Figure => ({
  metric,
  arm,
  baseline: null,
  ci95: [1, 2],
  by_block: least.map((value, block) => ({ block, least: value, most: null })),
});
/** As where the baseline is known from below only: no block has a lower end. */
const ratio = (arm: string, ci95: Reach, { metric = 'saturation_ratio', baseline = 'direct' } = {}): Figure => ({
  metric,
  arm,
  baseline,
  ci95,
  by_block: even(0).map((least, block) => ({ block, least, most: 1 })),
});

function codesOf(figures: readonly Figure[], { claimed = 'saturation_ratio', twice = true, rates = [100] } = {}) {
  const plan = { ...planned.plan, load: { rates_per_s: rates } as never };
  const claim = { claim: 'x', statement: '', compare: 'added', metric: claimed, unit: 'ratio' as const };
  const claims = claimed === '' ? [] : [{ ...claim, region: [null, 1] as [null, number], margin: '' }];
  const manifest = { ...planned, claims, plan };
  const found = loadWarnings({ manifest, load: loadOf(figures), equals: twice ? equals : null });
  return found.map(({ code, caps, doubts }) => [code, caps, doubts]);
}

const alike = [own('direct', even(1_000)), own('direct-b', even(1_000)), ratio('direct-b', [0.9, 1.1])];

test('ratios are correlated by what was carried, also where the baseline is known from below only', () => {
  const pressed = (least: readonly number[]) => [
    own('direct', even(1_000, 12)),
    own('direct-b', even(1_000, 12)),
    ratio('direct-b', [0.9, 1.1]),
    own('gateway', least),
    ratio('gateway', [0, 1]),
  ];
  assert.deepEqual(codesOf(pressed(even(500, 12).map((x, i) => x + (i % 2)))), []);
  const drift = even(500, 12).map((x, i) => x * 1.1 ** i);
  assert.deepEqual(codesOf(pressed(drift)), [['load_serial', ['x'], ['/load/metrics/4']]]);
});

test('a block that stands out makes a ratio’s mean and pseudomedian part; an open interval is as wide as may be', () => {
  const skewed = [...alike, own('gateway', [500, 510, 505, 495, 5, 500])];
  assert.deepEqual(codesOf([...skewed, ratio('gateway', [0.4, 0.6])]), [['load_skew', ['x'], ['/load/metrics/4']]]);
  assert.deepEqual(codesOf([...skewed, ratio('gateway', [0, 0.6])]), []);
});

test('equal arms agree by steps of the ladder, however wide its widest step is', () => {
  const rates = [100, 200, 300, 3_000];
  const frontier = 'frontier_p99_10ms';
  const named = { metric: `${frontier}_ratio` };
  const pressed = (b: number) => [
    own('direct', even(300), frontier),
    own('direct-b', even(b), frontier),
    ratio('direct-b', [0.1, 1], named),
    ratio('gateway', [0.1, 1], named),
  ];
  const codes = (b: number) => codesOf(pressed(b), { claimed: '', rates });
  assert.deepEqual(codes(300), []);
  assert.deepEqual(codes(200), [], 'neighbours');
  assert.deepEqual(codes(100), [['load_aa_fails', [], ['/load/metrics/3']]]);
});

test('ratios that are told but not claimed are doubted where no arm was pressed twice, or it had no figure', () => {
  const told = [own('direct', even(1_000)), own('gateway', even(500)), ratio('gateway', [0.4, 0.6])];
  for (const twice of [false, true])
    assert.deepEqual(codesOf(told, { claimed: '', twice }), [['load_no_aa', [], ['/load/metrics/2']]]);
  const refused: Figure = { ...ratio('direct-b', [1, 1]), ci95: null, by_block: [] };
  assert.deepEqual(codesOf([...told, refused], { claimed: '' }), [['load_aa_not_shown', [], ['/load/metrics/2']]]);
});
