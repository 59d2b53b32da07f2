import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadChange } from '#contract/changes.ts';
import type { LoadMetricFigure } from '#contract/loadFigures.ts';
import { seededRandom } from '#contract/random.ts';
import { analyseBlocks } from '../analysis/index.ts';
import { campaigns, digest, latency } from '../analysis/testing.ts';
import { compareCampaigns, type Side } from './index.ts';

const { campaign } = campaigns();
const { dir } = await campaign({ sessions: [{ ...latency, rounds: 1 }], blocks: 8 });
const unpressed = await analyseBlocks(dir, digest);

type Ends = readonly [least: number, most: number | null];
const exact = (values: readonly number[]): Ends[] => values.map((v): Ends => [v, v]);
/** 2 % of noise about a level. */
const about = (level: number, seed: string, blocks = 8): Ends[] => {
  const random = seededRandom(`compare/load/${seed}`);
  return exact(Array.from({ length: blocks }, () => level * Math.exp(0.02 * random.normal())));
};

const figure = (blocks: readonly Ends[], more: Partial<LoadMetricFigure> = {}): LoadMetricFigure => ({
  metric: 'saturation',
  unit: 'per_s',
  arm: 'gateway',
  baseline: null,
  estimate: 900,
  bound: null,
  ci95: null,
  ci90: null,
  level: null,
  level90: null,
  method: 'none',
  blocks: blocks.length,
  n: 1_000,
  by_block: blocks.map(([least, most], block) => ({ block, least, most })),
  missing: null,
  ...more,
});

function pressed(
  metrics: LoadMetricFigure[],
  more: { service?: string; workers?: number[]; doubts?: string[] } = {},
): Side {
  const { service = 'instant', workers = [1, 2, 4], doubts } = more;
  const side = structuredClone(unpressed);
  const shape = { workload: 'tool-chain', blocks: 8, limits_ms: [], max_in_flight: 100 };
  side.analysis.load = { ...shape, service, arms: [], metrics, probes: [], remarks: [] };
  side.manifest.plan.load = { workers, rates_per_s: [100, 200], max_in_flight: 100 } as never;
  if (doubts) side.analysis.warnings.push({ code: 'load_aa_fails', message: '', mend: '', caps: [], doubts });
  return side;
}

const changeOf = (a: Side, b: Side): LoadChange => {
  const { load } = compareCampaigns(a, b);
  assert.equal(load.length, 1);
  return load[0]!;
};

const near = (ci95: LoadChange['ci95'], expected: LoadChange['ci95']): void =>
  assert.deepEqual(
    ci95?.map((end) => end && Number(end.toPrecision(9))),
    expected,
  );

test('a saturation that fell by a fifth is named, with its factor and interval', () => {
  const c = changeOf(pressed([figure(about(1_000, 'a'))]), pressed([figure(about(800, 'b'))]));
  assert.equal(c.verdict, 'smaller', c.why);
  assert.ok(c.ci95![0] <= 0.8 && 0.8 <= c.ci95![1]!, `${c.ci95}`);
  assert.ok(Math.abs(c.factor! - 0.8) < 0.02);
  assert.match(c.why, /^Smaller in B: B ÷ A is 0\.\d+ \(0\.\d+ to 0\.\d+\), 9[5-9]\.\d %\.$/);
});

test('one that did not change is none beyond a tenth', () => {
  const c = changeOf(pressed([figure(about(1_000, 'c'))]), pressed([figure(about(1_000, 'd'))]));
  assert.equal(c.verdict, 'no_difference', c.why);
  assert.match(c.why, /^No change beyond ÷1\.1 or ×1\.1: /);
});

test('frontiers that overlap by a step decide nothing, and those that lie apart do', () => {
  const frontier = (least: number, most: number | null) =>
    figure(
      Array.from({ length: 8 }, (): Ends => [least, most]),
      { metric: 'frontier_p99_10ms' },
    );
  const wide = changeOf(pressed([frontier(400, 800)]), pressed([frontier(600, 1_000)]));
  assert.equal(wide.verdict, 'inconclusive');
  near(wide.ci95, [0.75, 2.5]);
  assert.equal(wide.p_adjusted, 1);
  const apart = changeOf(pressed([frontier(400, 500)]), pressed([frontier(1_000, null)]));
  assert.equal(apart.verdict, 'larger', apart.why);
  near(apart.ci95, [2, null]);
  assert.equal(apart.bound, 'at_least');
  assert.match(apart.why, /^Larger in B: B ÷ A is at least 2\.5 \(at least 2\), /);
});

test('what is in doubt in either campaign decides nothing, and says which and why', () => {
  const [a, b] = [figure(about(1_000, 'e')), figure(about(500, 'f'))];
  const doubted = changeOf(pressed([a]), pressed([b], { doubts: ['/load/metrics/0'] }));
  assert.match(doubted.why, /^Inconclusive: B ÷ A is 0\.\d+ .* but in B the figure is in doubt \(load aa fails\)\.$/);
  const workers = changeOf(pressed([a]), pressed([b], { workers: [1, 8] }));
  assert.match(workers.why, /but other numbers of workers were tried in each/);
  const drift = exact(Array.from({ length: 20 }, (_, i) => 500 + 100 * i));
  assert.match(
    changeOf(pressed([a]), pressed([figure(drift)])).why,
    /the blocks of B are correlated with the one before/,
  );
  const few = changeOf(pressed([a]), pressed([figure(about(500, 'g', 3), { missing: '3 blocks are fewer than 6' })]));
  assert.deepEqual([few.verdict, few.ci95], ['inconclusive', null]);
  assert.match(few.why, /but in B, 3 blocks are fewer than 6/);
});

test('blocks that follow one another are found where a ratio is known from above alone, too', () => {
  const ratio = (most: number): LoadMetricFigure =>
    figure(
      Array.from({ length: 20 }, (_, i): Ends => [0, most + most * 0.05 * i]),
      { metric: 'saturation_ratio', unit: 'ratio', baseline: 'direct' },
    );
  const c = changeOf(pressed([ratio(1)]), pressed([ratio(0.2)]));
  assert.match(c.why, /the blocks of A are correlated with the one before, and the blocks of B are correlated/);
});

test('other traffic, a fitted knee, and a figure of one alone are not compared, and counted', () => {
  const knee = figure([], { metric: 'knee', unit: 'workers' });
  const a = pressed([figure(about(1_000, 'h')), knee]);
  const shared = compareCampaigns(a, pressed([figure(about(1_000, 'i')), knee])).load;
  assert.deepEqual(
    shared.map((c) => c.metric),
    ['saturation'],
  );
  const other = compareCampaigns(a, pressed([figure(about(1_000, 'j'))], { service: 'realistic' }));
  assert.deepEqual([other.load, other.only], [[], { a: 1, b: 1 }]);
  assert.deepEqual(compareCampaigns(a, unpressed).only, { a: 1, b: 0 });
});
