/** Per-arm figures of the hand-made analysis: plausible sizes, all derived from a few numbers per arm. */
import type { Analysis, ArmFigures, Waterfall } from '#contract/analysis.ts';

export interface ArmShape {
  arm: string;
  controls: string;
  gateway: string;
  /** Added to direct, µs at the median; the p95 adds 1.6 times as much, the mean 1.15 times. */
  added_us: number;
  lifecycleOnly?: boolean;
}

export const shapes: readonly ArmShape[] = [
  { arm: 'direct', controls: 'off', gateway: 'none', added_us: 0 },
  { arm: 'direct-b', controls: 'off', gateway: 'none', added_us: 1 },
  { arm: 'native', controls: 'on', gateway: 'none', added_us: 42 },
  { arm: 'native-regressed', controls: 'regressed', gateway: 'none', added_us: 20, lifecycleOnly: true },
  { arm: 'passthrough', controls: 'off', gateway: 'passthrough', added_us: 190 },
  { arm: 'gateway', controls: 'off', gateway: 'gateway', added_us: 298 },
  { arm: 'layered', controls: 'on', gateway: 'gateway', added_us: 335 },
];

export const shiftOf = (shape: ArmShape, metric: 'p50' | 'p95' | 'p99' | 'mean'): number =>
  shape.added_us * { p50: 1, p95: 1.6, p99: 2.1, mean: 1.15 }[metric];

export interface Cell {
  workload: string;
  condition: string;
}

export const isRealistic = (cell: Cell): boolean => cell.condition.startsWith('realistic');
const base = (cell: Cell) =>
  isRealistic(cell) ? { p50: 3310, p95: 6120, p99: 8240, mean: 3580 } : { p50: 201, p95: 288, p99: 455, mean: 214 };

const tiersOf = (shape: ArmShape): string[] =>
  shape.gateway === 'none'
    ? ['weighbridge-agent', 'weighbridge-tools']
    : ['weighbridge-agent', 'weighbridge-gateway', 'weighbridge-tools'];

const around = (value: number, by: number): [number, number] => [value - by, value + by];

function retries(shape: ArmShape, phase: string): ArmFigures['retry401'] {
  const lifecycle = phase === 'lifecycle';
  const calls = lifecycle ? 1600 : 2400;
  const behind = shape.gateway === 'gateway';
  const touched = !lifecycle
    ? 0
    : shape.controls === 'regressed'
      ? 214
      : shape.controls === 'on'
        ? 16
        : behind
          ? 32
          : 48;
  const lost = shape.controls === 'regressed' ? 12 : 0;
  const rate = (behind && shape.controls === 'off' ? 0 : touched) / calls;
  return {
    rate,
    ci95: rate === 0 ? [0, 0.0023] : [rate * 0.7, rate * 1.4],
    amplification: { agent: 1 + rate, gateway: shape.gateway === 'none' ? null : 1 + touched / calls },
    loops: shape.controls === 'regressed' ? 3 : 0,
    causes:
      touched === 0
        ? []
        : [
            { leg: behind ? 'gateway' : 'agent', cause: 'expired', count: touched - 8 },
            { leg: behind ? 'gateway' : 'agent', cause: 'revoked', count: 8 },
          ],
    funnel: { calls, touched, recovered: touched - (touched > 0 ? lost : 0), not_recovered: touched > 0 ? lost : 0 },
    episodes: lifecycle
      ? { n: 40, with_401: Math.min(40, touched), ci95: [0.91, 1] }
      : { n: 0, with_401: 0, ci95: null },
    time_lost_us: touched === 0 ? null : 4210 + shape.added_us,
    over_broad: { calls: lost === 12 ? 188 : 0, of: calls, ci95: lost === 12 ? [0.101, 0.135] : [0, 0.0023] },
  };
}

/** One row of `arms`. */
export function armFigures(shape: ArmShape, phase: string, cell: Cell): ArmFigures {
  const b = base(cell);
  const [p50, p95, p99] = [b.p50 + shiftOf(shape, 'p50'), b.p95 + shiftOf(shape, 'p95'), b.p99 + shiftOf(shape, 'p99')];
  const tiers = tiersOf(shape);
  const gateway = shape.gateway !== 'none';
  const failed = shape.controls === 'regressed' ? 12 : 0;
  const calls = phase === 'lifecycle' ? 1600 : 2400;
  const wide = isRealistic(cell) ? 8 : 1;
  return {
    arm: shape.arm,
    phase,
    ...cell,
    calls,
    p50_us: p50,
    p95_us: p95,
    p99_us: p99,
    p50_ci: around(p50, 4 * wide),
    p95_ci: around(p95, 11 * wide),
    p99_ci: around(p99, 38 * wide),
    cold: { calls: 600, p50_us: p50 * 1.4 + (gateway ? 160 : 30), p95_us: p95 * 1.5 },
    hop: {
      p50_us: 61 + shiftOf(shape, 'p50'),
      p95_us: 92 + shiftOf(shape, 'p95'),
      p99_us: 170 + shiftOf(shape, 'p99'),
      gateway_self_p95_us: gateway ? 0.6 * shiftOf(shape, 'p95') : null,
    },
    outcomes: { ok: calls - failed, denied: 0, failed, timeout: 0, lost: 0 },
    retry401: retries(shape, phase),
    correlation: {
      by_tier: tiers.map((tier) => ({ tier, lines: calls, joined: calls, share: 1 })),
      complete: { traces: calls, complete: calls, share: 1 },
      orphans: 0,
      by_timestamp: {
        lines: calls * tiers.length,
        right: Math.round(calls * tiers.length * 0.383),
        share: Math.round(calls * tiers.length * 0.383) / (calls * tiers.length),
      },
      missing: [],
    },
    error_budget: {
      slo: 0.999,
      error_rate: failed / calls,
      ci95: failed === 0 ? [0, 0.0023] : [0.0039, 0.0131],
      burn: failed / calls / 0.001,
    },
    cpu_us_per_call: tiers.map((tier, i) => ({
      tier,
      us:
        [142, gateway && tiers.length === 3 ? 171 : 96, 97][i]! + (tier.endsWith('gateway') ? shape.added_us * 0.4 : 0),
      run_queue_us: 9 + i,
    })),
    peak_rss_mib: tiers.map((tier, i) => ({ tier, mib: [91.4, tiers.length === 3 ? 104.2 : 83.7, 84.1][i]! })),
  };
}

const partNames = [
  'agent',
  'token refresh',
  'wire to the gateway or tool',
  'gateway self',
  'wire gateway to tool',
  'token check at the tool',
  'tool',
];

/** Mean µs of every part of a call in an arm; the parts of arms behind a gateway do not quite sum to their mean. */
function partsOf(shape: ArmShape, cell: Cell): number[] {
  const total = shiftOf(shape, 'mean');
  const shares = shape.gateway === 'none' ? [0.9, 0, 0.05, 0, 0, 0.05, 0] : [0.08, 0, 0.1, 0.52, 0.28, 0.02, -0.03];
  const at = [22, 0, 88, 0, 0, 13, isRealistic(cell) ? 3457 : 91];
  return shares.map((share, i) => at[i]! + total * share);
}

/** Where the mean goes in an arm, and against a baseline; with a residual that is not zero behind a gateway. */
export function waterfall(shape: ArmShape, against: ArmShape, cell: Cell): Waterfall {
  const [own, other] = [partsOf(shape, cell), partsOf(against, cell)];
  const mean_us = base(cell).mean + shiftOf(shape, 'mean');
  return {
    phase: 'latency',
    ...cell,
    arm: shape.arm,
    baseline: against.arm,
    parts: partNames.map((part, i) => ({ part, mean_us: own[i]!, difference_us: own[i]! - other[i]! })),
    mean_us,
    difference_us: shiftOf(shape, 'mean') - shiftOf(against, 'mean'),
    residual_us: own.reduce((sum, us) => sum + us, 0) - mean_us,
  };
}

/** Quantiles at fixed probabilities of a shifted lognormal shape. */
export function distribution(shape: ArmShape, cell: Cell): Analysis['distributions'][number] {
  const b = base(cell);
  const steps = Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100);
  const points = [...steps, 0.999].map((p) => {
    const z = Math.log(p / (1 - p)) / 1.702;
    const sigma = Math.log(b.p95 / b.p50) / 1.645;
    return { p, us: b.p50 * Math.exp(sigma * z) + shape.added_us * (1 + 0.25 * Math.max(0, z)) };
  });
  return { phase: 'latency', ...cell, arm: shape.arm, points };
}
