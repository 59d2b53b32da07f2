/** A complete, hand-made analysis for tests, and its variants: what a report must cope with. Not measured. */
import { type Analysis, analysisSchema, type Comparison } from '#contract/analysis.ts';
import {
  type ArmShape,
  armFigures,
  type Cell,
  distribution,
  isRealistic,
  shapes,
  shiftOf,
  waterfall,
} from './fixture-arms.ts';
import { loadFixture } from './fixture-load.ts';
import { explanation, timing } from './fixture-timings.ts';
import { subjects, verdictsOf } from './fixture-verdicts.ts';

export interface FixtureOptions {
  profile?: string;
  workloads?: string[];
  conditions?: string[];
  blocks?: number;
}

const pairs: [string, string][] = [
  ['passthrough', 'direct'],
  ['native', 'direct'],
  ['gateway', 'passthrough'],
  ['gateway', 'native'],
  ['gateway', 'direct'],
  ['layered', 'direct'],
  ['direct-b', 'direct'],
];

const shapeOf = (arm: string): ArmShape => shapes.find((s) => s.arm === arm)!;

interface ComparisonInput {
  metric: string;
  arm: string;
  baseline: string;
  cell: Cell;
  estimate: number;
  blocks: number;
  half: number;
  phase?: string;
  unit?: 'us' | 'ratio';
}

function comparison(input: ComparisonInput): Comparison {
  const { metric, arm, baseline, cell, estimate, blocks, half, phase = 'latency', unit = 'us' } = input;
  const enough = blocks >= 6;
  const signedRank = unit === 'us';
  return {
    phase,
    ...cell,
    metric,
    unit,
    arm,
    baseline,
    estimate,
    ci95: enough ? [estimate - half, estimate + half] : null,
    ci90: enough ? [estimate - half * 0.8, estimate + half * 0.8] : null,
    level: enough && signedRank ? 0.961 : null,
    level90: enough && signedRank ? 0.922 : null,
    ratio: unit === 'us' ? 1 + estimate / 300 : null,
    ci95_ratio: enough && unit === 'us' ? [1 + (estimate - half) / 300, 1 + (estimate + half) / 300] : null,
    blocks,
    n: 300 * blocks * 2,
    method: !enough ? 'none' : signedRank ? 'signed_rank' : 'block_bootstrap',
    sensitivity: enough
      ? {
          mean: estimate + 1,
          t95: [estimate - half * 1.1, estimate + half * 1.1],
          bootstrap95: [estimate - half * 0.9, estimate + half * 0.9],
          agrees: true,
        }
      : null,
    subject: subjects[shapeOf(arm).gateway === 'none' ? 'agent' : 'gateway']!,
  };
}

function latencyComparisons(cells: Cell[], blocks: number): Comparison[] {
  const quantiles = ['p50', 'p95', 'mean'] as const;
  return cells.flatMap((cell) =>
    pairs.flatMap(([arm, baseline]) => {
      const shift = (q: 'p50' | 'p95' | 'mean') => shiftOf(shapeOf(arm), q) - shiftOf(shapeOf(baseline), q);
      const wide = isRealistic(cell) ? 3 : 1;
      const felt = quantiles.map((q) =>
        comparison({
          metric: `felt_${q}_shift`,
          arm,
          baseline,
          cell,
          estimate: shift(q),
          blocks,
          half: { p50: 9, p95: 24, mean: 12 }[q] * wide,
        }),
      );
      const hop = quantiles.map((q) =>
        comparison({
          metric: `hop_${q}_shift`,
          arm,
          baseline,
          cell,
          estimate: shift(q) * 0.97,
          blocks,
          half: 11 * wide,
        }),
      );
      const others = [
        comparison({ metric: 'cold_p50_shift', arm, baseline, cell, estimate: shift('p50') * 1.7, blocks, half: 40 }),
        comparison({
          metric: 'cpu_per_call_shift',
          arm,
          baseline,
          cell,
          estimate: shift('p50') * 0.9,
          blocks,
          half: 14,
        }),
      ];
      return [...felt, ...hop, ...others];
    }),
  );
}

function lifecycleComparisons(cell: Cell, blocks: number): Comparison[] {
  const ratio = { cell, blocks, phase: 'lifecycle', unit: 'ratio' as const };
  return [
    comparison({
      ...ratio,
      metric: 'retry401_shift',
      arm: 'native',
      baseline: 'native-regressed',
      estimate: -0.124,
      half: 0.021,
    }),
    comparison({
      ...ratio,
      metric: 'retry401_shift',
      arm: 'gateway',
      baseline: 'native',
      estimate: -0.01,
      half: 0.004,
    }),
    comparison({ ...ratio, metric: 'error_rate_shift', arm: 'gateway', baseline: 'native', estimate: 0, half: 0.002 }),
  ];
}

const cellsOf = (workloads: string[], conditions: string[]): Cell[] =>
  workloads.flatMap((workload) => conditions.map((condition) => ({ workload, condition })));

function gates(blocks: number): Analysis['gates'] {
  return Array.from({ length: blocks }, (_, block) => [
    {
      name: 'generator on time',
      block,
      value: 140 + block,
      limit: 1000,
      unit: 'us',
      ok: true,
      voids: true,
      note: 'p99 of start − due over the kept latency calls',
    },
    {
      name: 'CPU steal',
      block,
      value: 0.003,
      limit: 0.02,
      unit: 'share',
      ok: true,
      voids: true,
      note: 'CPU time that the hypervisor gave to others',
    },
    {
      name: 'no span lost',
      block,
      value: 0,
      limit: 0,
      unit: 'count',
      ok: true,
      voids: true,
      note: 'spans noted by the tiers minus stored by the collector',
    },
  ]).flat();
}

/** A whole analysis; a quick campaign unless told otherwise. Held against the contract's schema. */
export function fixture(options: FixtureOptions = {}): Analysis {
  const {
    profile = 'quick',
    workloads = ['tool-chain'],
    conditions = ['instant/c1/http', 'realistic/c1/http'],
    blocks = 8,
  } = options;
  const cells = cellsOf(workloads, conditions);
  const timed = shapes.filter((s) => !s.lifecycleOnly);
  const enough = blocks >= 6;
  const arms = [
    ...cells.flatMap((cell) => timed.map((s) => armFigures(s, 'latency', cell))),
    ...shapes.map((s) => armFigures(s, 'lifecycle', cells[0]!)),
    ...timed.map((s) => armFigures(s, 'correlation', cells[0]!)),
  ];
  const comparisons = [...latencyComparisons(cells, blocks), ...lifecycleComparisons(cells[0]!, blocks)];
  const verdicts = verdictsOf({ comparisons, arms });
  return analysisSchema.parse({
    version: 1,
    campaign: {
      id: '20260301T101500Z-5e1f',
      question: 'Where should the security of our agents live?',
      profile,
      seed: 'weighbridge',
      status: 'complete',
      started: '2026-03-01T10:15:00.000Z',
      sittings: 1,
      blocks: { planned: blocks, kept: blocks, voided: 0 },
      waited: { before_blocks_ms: 18_400, between_slices_ms: 6_300, times_between_slices: 2, disturbed_calls: 350 },
      arms: shapes.map((s) => ({
        arm: s.arm,
        controls: s.controls,
        gateway: s.gateway,
        subject: subjects[s.gateway === 'none' ? 'agent' : 'gateway']!,
        label: `${s.arm}: controls ${s.controls}, gateway ${s.gateway}`,
      })),
      workloads,
      conditions,
      environment: {
        cpu: 'AMD EPYC 7B13',
        cores: '2',
        kernel: 'Linux 6.1',
        node: 'v24.21.0',
        commit: '0123456789abcdef',
      },
      raw_digest: 'a3'.repeat(32),
    },
    comparisons,
    arms,
    waterfalls: cells.flatMap((cell) =>
      pairs.map(([arm, baseline]) => waterfall(shapeOf(arm), shapeOf(baseline), cell)),
    ),
    timings: cells.flatMap((cell) => timed.map((s) => timing(s, cell))),
    explanations: cells.flatMap((cell) =>
      pairs.map(([arm, baseline]) => explanation(shapeOf(arm), shapeOf(baseline), cell)),
    ),
    distributions: cells.flatMap((cell) => timed.map((s) => distribution(s, cell))),
    interactions: cells.map((cell) => ({
      ...cell,
      estimate_us: -7.4,
      ci95: enough ? [-31.2, 15.8] : null,
      remark: 'Agent controls on with the gateway’s off is not run.',
    })),
    aa: cells.map((cell) => ({
      ...cell,
      metric: 'felt_p95_shift',
      estimate_us: 1.6,
      ci90: enough ? [-17.6, 20.8] : null,
      h_us: 50,
      result: enough ? 'passes' : 'not estimated',
    })),
    span_gap: cells.flatMap((cell) =>
      ['passthrough', 'gateway', 'layered'].map((arm) => ({
        ...cell,
        arm,
        baseline: 'direct',
        felt_us: shiftOf(shapeOf(arm), 'mean'),
        spans_us: shiftOf(shapeOf(arm), 'mean') * 0.95,
        gap_us: shiftOf(shapeOf(arm), 'mean') * 0.05,
      })),
    ),
    all_blocks: comparisons.filter((c) => c.metric === 'felt_p95_shift' && c.arm === 'gateway'),
    verdicts,
    thresholds: [],
    load: loadFixture(blocks),
    calibration: null,
    gates: gates(blocks),
    security: [],
    warnings: [
      {
        code: 'few-blocks',
        message: 'p99 is not estimated as a shift: 300 kept calls a block and arm, 2,000 are needed.',
        mend: 'Run a longer profile.',
        caps: [],
      },
    ],
  } satisfies Analysis);
}
