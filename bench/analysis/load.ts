/** Figures of the load phase: per arm latency against offered rate, throughput frontier, knee, saturation, CPU, memory. */
import { loadOutcomes } from '#contract/calls.ts';
import { frontierLimits_ms, type LoadArm, type LoadFigures } from '#contract/loadFigures.ts';
import type { LoadShape, Manifest } from '#contract/manifest.ts';
import type { Store } from '../../collectors/traces/index.ts';
import { defaultFigures, type FigureOptions, type StepFigures, stepFigures } from '../load/figures.ts';
import { frontierOverBlocks, type LoadRun, latencyAgainstRate } from '../load/frontier.ts';
import { type Estimate, type Knee, kneeOverBlocks } from '../load/knee.ts';
import { exactly, median, medianBetween } from '../stats/brackets.ts';
import type { Interval } from '../stats/interval.ts';
import { fewestBlocks } from '../stats/signedRank.ts';
import { pairsOf } from './comparisons.ts';
import { type LoadRow, type LoadUsage, loadUsage, readLoad, servedOf } from './loadData.ts';
import { type ArmMetric, armMetrics, isSpoiled, reachOf, type Saturation, withRatios } from './loadMetrics.ts';
import { probesOf } from './loadProbes.ts';

const ok = loadOutcomes.indexOf('ok');

type OpenStep = LoadArm['open'][number];
type ClosedStep = LoadArm['closed'][number];
type Shared = Omit<ClosedStep, 'workers'>;

/** @returns null where no step of a kept block was run */
export async function loadFiguresOf(store: Store, manifest: Manifest): Promise<LoadFigures | null> {
  const shape = manifest.plan.load;
  if (!shape) return null;
  const usage = await loadUsage(store);
  const arms = new Map<string, ArmRead>();
  let place: Pick<LoadRow, 'workload' | 'condition'> | undefined;
  const blocks = new Set<number>();
  await readLoad(store, (all) => {
    const { arm } = all[0]!;
    const rows = all.filter((row) => row.report.pace !== 'probe');
    const probes = probesOf(all, shape);
    if (rows.length === 0) return void arms.set(arm, { metrics: [], probes });
    place ??= rows[0]!;
    for (const { block } of rows) blocks.add(block);
    const used = perServed(usage, rows);
    arms.set(arm, { ...armFigures({ rows, used, shape, manifest }), probes });
  });
  if (!place) return null;
  const inOrder = manifest.arms.flatMap(({ arm }) => arms.get(arm) ?? []);
  return {
    workload: place.workload,
    service: place.condition.split('/')[0]!,
    blocks: blocks.size,
    limits_ms: [...frontierLimits_ms],
    max_in_flight: shape.max_in_flight,
    arms: inOrder.flatMap(({ figures }) => figures ?? []),
    metrics: withRatios(
      inOrder.flatMap(({ metrics }) => metrics),
      pairsOf(manifest),
    ),
    probes: inOrder.flatMap(({ probes }) => probes),
    remarks: remarks(shape, blocks.size),
  };
}

interface ArmRead {
  /** Absent: it was probed alone. */
  figures?: LoadArm;
  metrics: ArmMetric[];
  probes: LoadFigures['probes'];
}

/** What the arm of these rows used at their steps, with the calls that were served: a refusal is no work that was done. */
function perServed(usage: readonly LoadUsage[], rows: readonly LoadRow[]): LoadUsage[] {
  const key = ({ block, step }: Pick<LoadRow, 'block' | 'step'>): string => `${block}/${step}`;
  const served = new Map(rows.map((row) => [key(row), row.report.outcome.filter((outcome) => outcome === ok).length]));
  return usage.flatMap((u) => {
    const calls = u.arm === rows[0]!.arm ? served.get(key(u)) : undefined;
    return calls === undefined ? [] : [{ ...u, calls }];
  });
}

interface ArmInput {
  /** Of one arm. */
  rows: readonly LoadRow[];
  used: readonly LoadUsage[];
  shape: LoadShape;
  manifest: Manifest;
}

function armFigures({ rows, used, shape, manifest }: ArmInput): { figures: LoadArm; metrics: ArmMetric[] } {
  const { arm } = rows[0]!;
  const options: FigureOptions = { ...defaultFigures, discard: shape.discard, closed_s: shape.closed_s };
  const seed = `${manifest.seed}/analysis/load/${arm}`;
  const runs: LoadRun[] = rows.flatMap(({ block, rate_per_s, report }) =>
    rate_per_s === null ? [] : [{ block, rate_per_s, report }],
  );
  const planned = manifest.arms.find((a) => a.arm === arm);
  const closed = closedSteps(rows, used, options);
  const open = openSteps(rows, used, { runs, options });
  const frontiers = frontierOverBlocks(runs, { figures: options, seed });
  const knee = kneeOf(closed, seed);
  const saturation = saturationOf(closed, seed);
  const atSaturation = saturation ? usedAt(used, rows, { workers: saturation.workers }) : [];
  const told = saturation && !isSpoiled(saturation) ? saturation : null;
  const blocks = new Set(rows.map((r) => r.block)).size;
  return {
    figures: {
      arm,
      blocks,
      open,
      closed: closed.map(({ figures }) => figures),
      frontier: frontiers.map(({ limit_ms, rate_per_s, ci95, at_least }) => ({
        limit_ms,
        rate_per_s,
        ci95: reachOf(ci95),
        at_least,
      })),
      knee: knee && kneeFigures(knee),
      saturation: told && { workers: told.workers, served_per_s: told.served_per_s, ci95: pair(told.ci95) },
      cpu_us_per_call: told ? perCall(atSaturation, planned?.tiers ?? []) : [],
      peak_rss_mib: byTier(used, planned?.tiers ?? []).map(({ tier, peak_rss_bytes }) => ({
        tier,
        mib: peak_rss_bytes / 1_048_576,
      })),
    },
    metrics: armMetrics({
      arm,
      blocks,
      seed,
      frontiers,
      open_calls: open.reduce((sum, step) => sum + step.calls, 0),
      saturation,
      knee,
      closed_calls: closed.reduce((sum, { figures }) => sum + figures.calls, 0),
      used: planned?.attached ? null : atSaturation,
      tiers: planned?.tiers ?? [],
    }),
  };
}

const pair = (interval: Interval | null): [number, number] | null => (interval ? [interval.lo, interval.hi] : null);

function openSteps(
  rows: readonly LoadRow[],
  used: readonly LoadUsage[],
  { runs, options }: { runs: readonly LoadRun[]; options: FigureOptions },
): OpenStep[] {
  return latencyAgainstRate(runs, options).map(({ rate_per_s, blocks, figures }) => ({
    rate_per_s,
    offered_per_s: figures.offered_per_s,
    ...shared(figures, blocks, usedAt(used, rows, { rate_per_s })),
    late: figures.late,
    lag_p99_us: figures.lag_p99_us,
  }));
}

interface Closed {
  workers: number;
  figures: ClosedStep;
  /** Calls served per second, by block. */
  served: Map<number, number>;
}

/** By ascending number of workers. */
function closedSteps(rows: readonly LoadRow[], used: readonly LoadUsage[], options: FigureOptions): Closed[] {
  const byWorkers = Map.groupBy(
    rows.filter((r) => r.workers !== null),
    (r) => r.workers!,
  );
  return [...byWorkers]
    .sort(([a], [b]) => a - b)
    .map(([workers, of]) => {
      const figures = stepFigures(
        of.map((r) => r.report),
        options,
      );
      const usage = usedAt(used, rows, { workers });
      return {
        workers,
        figures: { workers, ...shared(figures, of.length, usage) },
        served: new Map(of.map((r) => [r.block, stepFigures([r.report], options).served_per_s])),
      };
    });
}

function shared(figures: StepFigures, blocks: number, used: readonly LoadUsage[]): Shared {
  const tiers = perCall(used, []);
  const sum = (of: (t: LoadArm['cpu_us_per_call'][number]) => number): number | null =>
    tiers.length === 0 ? null : tiers.reduce((total, t) => total + of(t), 0);
  return {
    ...servedOf(figures, blocks),
    in_flight_peak: figures.in_flight_peak,
    cpu_us_per_call: sum((t) => t.us),
    run_queue_us_per_call: sum((t) => t.run_queue_us),
  };
}

function kneeOf(closed: readonly Closed[], seed: string): Knee | null {
  const blocks = [...new Set(closed.flatMap((c) => [...c.served.keys()]))].sort((a, b) => a - b);
  const points = blocks.map((block) =>
    closed.flatMap(({ workers, served }) => (served.has(block) ? [{ n: workers, x: served.get(block)! }] : [])),
  );
  return kneeOverBlocks(points, { seed });
}

function kneeFigures(knee: Knee): LoadArm['knee'] {
  const { lambda, sigma, kappa } = knee.fit;
  return {
    workers: reached(knee.knee_workers),
    peak_workers: reached(knee.peak_workers),
    peak_per_s: reached(knee.peak_per_s),
    lambda,
    sigma,
    kappa,
  };
}

/** JSON has no infinity: null says that it lies beyond every number. */
const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);
const reached = ({ value, ci95 }: Estimate): NonNullable<LoadArm['knee']>['workers'] => ({
  value: finite(value),
  ci95: ci95 && [finite(ci95.lo), finite(ci95.hi)],
});

function saturationOf(closed: readonly Closed[], seed: string): Saturation | null {
  const medians = closed.map(({ workers, served, figures: { calls, outcomes } }) => ({
    workers,
    served,
    calls,
    unserved: calls === 0 ? 1 : 1 - outcomes.ok / calls,
  }));
  const servedOf = ({ served }: Pick<Closed, 'served'>): number => median([...served.values()]);
  const best = medians.reduce<(typeof medians)[number] | null>(
    (a, b) => (a && servedOf(a) >= servedOf(b) ? a : b),
    null,
  );
  if (!best) return null;
  const brackets = [...best.served.values()].map(exactly);
  const interval = (level: number): Interval | null => medianBetween(brackets, { level, seed: `${seed}/saturation` });
  return { ...best, served_per_s: servedOf(best), ci95: interval(0.95), ci90: interval(0.9) };
}

/** What was used at the steps of that rate or that many workers. */
function usedAt(
  used: readonly LoadUsage[],
  rows: readonly LoadRow[],
  at: { rate_per_s: number } | { workers: number },
): LoadUsage[] {
  const is = (row: LoadRow): boolean =>
    'workers' in at ? row.workers === at.workers : row.rate_per_s === at.rate_per_s;
  const steps = new Set(rows.filter(is).map((row) => row.step));
  return used.filter((u) => steps.has(u.step));
}

type TierUse = Pick<LoadUsage, 'tier' | 'calls' | 'cpu_ns' | 'run_queue_ns' | 'peak_rss_bytes'>;

/** Sums by tier, in the given order; others after them, by name. */
function byTier(used: readonly LoadUsage[], order: readonly string[]): TierUse[] {
  const place = (tier: string): number => (order.includes(tier) ? order.indexOf(tier) : order.length);
  return [...Map.groupBy(used, (u) => u.tier)]
    .map(([tier, of]) => ({
      tier,
      calls: of.reduce((n, u) => n + u.calls, 0),
      cpu_ns: of.reduce((n, u) => n + u.cpu_ns, 0),
      run_queue_ns: of.reduce((n, u) => n + u.run_queue_ns, 0),
      peak_rss_bytes: Math.max(...of.map((u) => u.peak_rss_bytes)),
    }))
    .sort((a, b) => place(a.tier) - place(b.tier) || (a.tier < b.tier ? -1 : 1));
}

/** Empty where no call was served. */
const perCall = (used: readonly LoadUsage[], order: readonly string[]): LoadArm['cpu_us_per_call'] =>
  byTier(used, order).flatMap(({ tier, calls, cpu_ns, run_queue_ns }) =>
    calls === 0 ? [] : [{ tier, us: cpu_ns / calls / 1000, run_queue_us: run_queue_ns / calls / 1000 }],
  );

function remarks({ short, max_in_flight, discard }: LoadShape, blocks: number): string[] {
  const out = [
    'Tiers noted no spans and no log lines under load, so that what observing costs is in none of these figures; in all other phases it is.',
    `Each arm ran alone, on fresh tiers, with the same arrivals at the same times; the first ${discard * 100} % of each step are left out.`,
    `A call that was not served (refused, failed, timed out, or not sent since ${max_in_flight} were under way) ranks above every call that was.`,
    'Agent, gateway and tools share this machine’s cores: a rate is what the whole arm gets through here, and no figure of one tier alone.',
  ];
  if (short !== null) out.push(`This is a short load phase: ${short}.`);
  if (blocks < fewestBlocks) out.push(`${blocks} blocks give no interval; ${fewestBlocks} would.`);
  return out;
}
