/** A load phase for the hand-made analysis: every arm bends at a capacity of its own. Not measured. */
import type { LoadArm, LoadFigures } from '#contract/loadFigures.ts';
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
  const around = (x: number): [number, number] => [x * 0.95, x * 1.06];
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
      ci95: enough ? [passed(limit_ms), passed(limit_ms)] : null,
      at_least: passed(limit_ms) === rates.at(-1),
    })),
    knee: {
      workers: { value: 3.4, ci95: enough ? [3.1, 3.9] : null },
      peak_workers: { value: null, ci95: enough ? [40.2, null] : null },
      peak_per_s: { value: capacity, ci95: enough ? around(capacity) : null },
      lambda: scaled(capacity, 1),
      sigma: 0.29,
      kappa: 0,
    },
    saturation: { workers: 64, served_per_s: top, ci95: enough ? around(top) : null },
    cpu_us_per_call: tiers.map((tier) => ({ tier: `weighbridge-${tier}`, us: 210, run_queue_us: 21.5 })),
    peak_rss_mib: tiers.map((tier) => ({ tier: `weighbridge-${tier}`, mib: 161.25 })),
  };
}

export const loadFixture = (blocks: number): LoadFigures => ({
  workload: 'tool-chain',
  service: 'instant',
  blocks: Math.min(blocks, 6),
  limits_ms,
  max_in_flight: 1_000,
  arms: shapes.filter((s) => !s.lifecycleOnly).map((s) => loadArm(s, Math.min(blocks, 6))),
  remarks: [
    'Tiers noted no spans and no log lines under load, so that what observing costs is in none of these figures.',
  ],
});
