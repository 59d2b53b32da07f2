/** A load phase for the hand-made analysis: every arm bends at a capacity of its own. Not measured. */
import {
  frontierMetric,
  type LoadArm,
  type LoadFigures,
  type LoadMetricFigure,
  loadMetricNamed,
  type ProbeFigures,
  ratioMetric,
} from '#contract/loadFigures.ts';
import type { Reach } from '#contract/shapes.ts';
import { type ArmShape, shapes } from './fixture-arms.ts';

const rates = [100, 250, 500, 1_000, 2_000];
const workers = [1, 2, 4, 8, 16, 32, 64];
const limits_ms = [1, 5, 10, 50];

const capacityOf = ({ gateway, added_us }: ArmShape): number => (gateway === 'none' ? 3_300 : 1_700) - added_us / 2;

/** p99 by offered rate, ms; null beyond the capacity, where calls go unserved. */
const p99_ms = (capacity: number, rate: number): number | null =>
  rate >= capacity ? null : 0.6 / (1 - rate / capacity);

const known = (ms: number) => ({ us: ms * 1_000, at_least: false });
const outcomes = (ok: number, unsent: number) => ({ ok, denied: 0, failed: 0, timeout: 0, lost: 0, unsent });

function openStep(capacity: number, rate: number, blocks: number): LoadArm['open'][number] {
  const p99 = p99_ms(capacity, rate);
  const calls = Math.max(2_200, rate * 8) * blocks;
  const unsent = p99 === null ? Math.round(calls * 0.04) : 0;
  return {
    rate_per_s: rate,
    offered_per_s: rate * 1.002,
    blocks,
    calls,
    outcomes: outcomes(calls - unsent, unsent),
    served_per_s: p99 === null ? capacity : rate,
    p50: known(p99 === null ? 420 : p99 * 0.4),
    p95: known(p99 === null ? 700 : p99 * 0.7),
    p99: p99 === null ? { us: 10_000_000, at_least: true } : known(p99),
    in_flight_peak: p99 === null ? 1_000 : 14,
    cpu_us_per_call: 420,
    run_queue_us_per_call: 35,
    late: 3,
    lag_p99_us: 120,
  };
}

const scaled = (capacity: number, n: number): number => (capacity * n) / (n + 2.4);

const closedStep = (capacity: number, n: number, blocks: number): LoadArm['closed'][number] => ({
  workers: n,
  blocks,
  calls: Math.round(scaled(capacity, n) * 3 * blocks),
  outcomes: outcomes(Math.round(scaled(capacity, n) * 3 * blocks), 0),
  served_per_s: scaled(capacity, n),
  p50: known((n * 1_000) / scaled(capacity, n)),
  p95: known((n * 1_600) / scaled(capacity, n)),
  p99: known((n * 2_400) / scaled(capacity, n)),
  in_flight_peak: n,
  cpu_us_per_call: 400,
  run_queue_us_per_call: 60,
});

function loadArm(shape: ArmShape, blocks: number): LoadArm {
  const capacity = capacityOf(shape);
  const enough = blocks >= 6;
  const tiers = ['agent', ...(shape.gateway === 'none' ? [] : ['gateway']), 'tools'];
  const passed = (limit_ms: number): number =>
    Math.max(0, ...rates.filter((rate) => (p99_ms(capacity, rate) ?? Infinity) < limit_ms));
  const top = scaled(capacity, 64);
  return {
    arm: shape.arm,
    blocks,
    open: rates.map((rate) => openStep(capacity, rate, blocks)),
    closed: workers.map((n) => closedStep(capacity, n, blocks)),
    frontier: limits_ms.map((limit_ms) => ({
      limit_ms,
      rate_per_s: passed(limit_ms),
      ci95: enough ? [passed(limit_ms), above(passed(limit_ms))] : null,
      at_least: passed(limit_ms) === rates.at(-1),
    })),
    knee: {
      workers: { value: 3.4, ci95: enough ? [3.1, 3.9] : null },
      peak_workers: { value: null, ci95: enough ? [40.2, null] : null },
      peak_per_s: { value: capacity, ci95: enough ? [capacity * 0.95, capacity * 1.06] : null },
      lambda: scaled(capacity, 1),
      sigma: 0.29,
      kappa: 0,
    },
    saturation: { workers: 64, served_per_s: top, ci95: enough ? [top * 0.95, top * 1.06] : null },
    cpu_us_per_call: tiers.map((tier) => ({ tier: `weighbridge-${tier}`, us: 210, run_queue_us: 21.5 })),
    peak_rss_mib: tiers.map((tier) => ({ tier: `weighbridge-${tier}`, mib: 161.25 })),
  };
}

/** The next rate that was tried, which was too slow. */
const above = (rate: number): number | null => rates.find((r) => r > rate) ?? null;

interface Given {
  estimate: number;
  ci: Reach;
  missing?: string;
}

function metricOf(
  name: string,
  { arm, baseline, blocks }: { arm: string; baseline: string | null; blocks: number },
  { estimate, ci, missing }: Given,
): LoadMetricFigure {
  const enough = blocks >= 6;
  return {
    metric: name,
    unit: loadMetricNamed(name)!.unit,
    arm,
    baseline,
    estimate,
    bound: baseline === null && ci[1] === null ? 'at_least' : null,
    ci95: enough ? ci : null,
    ci90: enough ? ci : null,
    level: enough && baseline !== null ? 0.969 : null,
    level90: enough && baseline !== null ? 0.906 : null,
    method: enough ? (baseline === null ? 'block_bootstrap' : 'signed_rank') : 'none',
    blocks,
    n: 60_000,
    by_block: Array.from({ length: blocks }, (_, block) => ({ block, least: estimate, most: ci[1] })),
    missing: enough ? (missing ?? null) : `${blocks} blocks give no interval`,
  };
}

const frontierGiven = (rate: number): Given => ({
  estimate: rate,
  ci: [rate, above(rate)],
  ...(above(rate) === null ? { missing: 'no step was too slow, so that it is known from below only' } : {}),
});

const around = (x: number): Reach => [x * 0.95, x * 1.06];
const given = (x: number): Given => ({ estimate: x, ci: around(x) });
const cpuOf = (arm: LoadArm): number => arm.cpu_us_per_call.reduce((sum, t) => sum + t.us, 0);

function metricsOf(arms: readonly LoadArm[], blocks: number): LoadMetricFigure[] {
  const own = arms.flatMap((a) => {
    const at = { arm: a.arm, baseline: null, blocks };
    return [
      ...a.frontier.map((f) => metricOf(frontierMetric(f.limit_ms), at, frontierGiven(f.rate_per_s!))),
      metricOf('saturation', at, given(a.saturation!.served_per_s)),
      metricOf('cpu_us_per_call', at, given(cpuOf(a))),
      metricOf('knee', at, given(a.knee!.workers.value!)),
    ];
  });
  const direct = arms.find((a) => a.arm === 'direct');
  const ratios = arms.flatMap((a) => {
    if (!direct || a === direct) return [];
    const at = { arm: a.arm, baseline: direct.arm, blocks };
    const pairs = a.frontier.map((f, i) => [f, direct.frontier[i]!] as const);
    return [
      ...pairs.map(([of, against]) =>
        metricOf(ratioMetric(frontierMetric(of.limit_ms)), at, given(of.rate_per_s! / (against.rate_per_s || 1))),
      ),
      metricOf(ratioMetric('saturation'), at, given(a.saturation!.served_per_s / direct.saturation!.served_per_s)),
      metricOf(ratioMetric('cpu_us_per_call'), at, given(cpuOf(a) / cpuOf(direct))),
    ];
  });
  return [...own, ...ratios];
}

const probeOf = (target: ProbeFigures['target'], arm: string, blocks: number): ProbeFigures => ({
  target,
  arm,
  connections: 16,
  blocks,
  calls: 9_000 * blocks,
  outcomes: outcomes(9_000 * blocks, 0),
  served_per_s: target === 'tools' ? 9_400 : 4_100,
  p50: known(1.6),
  p95: known(2.9),
  p99: known(4.4),
});

export function loadFixture(of: number): LoadFigures {
  const blocks = Math.min(of, 6);
  const arms = shapes.filter((s) => !s.lifecycleOnly).map((s) => loadArm(s, blocks));
  return {
    workload: 'tool-chain',
    service: 'instant',
    blocks,
    limits_ms,
    max_in_flight: 1_000,
    arms,
    metrics: metricsOf(arms, blocks),
    probes: [probeOf('tools', 'direct', blocks), probeOf('gateway', 'gateway', blocks)],
    remarks: [
      'Tiers noted no spans and no log lines under load, so that what observing costs is in none of these figures.',
    ],
  };
}
