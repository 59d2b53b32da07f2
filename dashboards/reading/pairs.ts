/** Pairs of arms that are compared, and what the difference between them means (design: the price of each thing separates). */
import type { Analysis, Comparison, Verdict } from '#contract/analysis.ts';
import type { LoadMetricFigure } from '#contract/loadFigures.ts';
import { isPriceOfDurability } from './arms.ts';
import { latencyVerdict } from './claims.ts';
import { clean, shorten } from './format.ts';
import { isPriceOfWatching } from './watching.ts';

export type Evidence = Verdict['evidence'][number];

export interface Pair {
  arm: string;
  baseline: string;
  /** What the difference is, in a few words; null where the pair is the user's own. */
  meaning: string | null;
}

const known: Pair[] = [
  { arm: 'gateway', baseline: 'native', meaning: 'the decision' },
  { arm: 'gateway', baseline: 'direct', meaning: 'gateway, all in' },
  { arm: 'passthrough', baseline: 'direct', meaning: 'the hop' },
  { arm: 'gateway', baseline: 'passthrough', meaning: 'controls at the gateway' },
  { arm: 'native', baseline: 'direct', meaning: 'controls in the agent' },
  { arm: 'layered', baseline: 'direct', meaning: 'both, all in' },
  { arm: 'layered', baseline: 'gateway', meaning: 'agent controls on top' },
  { arm: 'layered', baseline: 'native', meaning: 'gateway on top' },
  { arm: 'native', baseline: 'native-regressed', meaning: 'the fix' },
  { arm: 'native-regressed', baseline: 'direct', meaning: 'controls before the fix' },
  { arm: 'passthrough-untraced', baseline: 'direct-untraced', meaning: 'the hop, not traced' },
  { arm: 'passthrough-full-sdk', baseline: 'direct-full-sdk', meaning: 'the hop, traced by the SDK' },
  { arm: 'direct-b', baseline: 'direct', meaning: 'same twice (A/A)' },
];

const same = (a: { arm: string; baseline: string }, b: { arm: string; baseline: string }) =>
  a.arm === b.arm && a.baseline === b.baseline;

/** The comparison that a claim's first piece of evidence points to. */
export function claimComparison(analysis: Analysis, claim: string): ComparisonAt | null {
  const evidence = analysis.verdicts.find((v) => v.claim === claim)?.evidence ?? [];
  for (const { pointer } of evidence) {
    const found = comparisonAt(analysis, pointer);
    if (found) return found;
  }
  return null;
}

/** The comparison on which the answer rests; null where it was not made, or no claim is about it. */
export function decisionComparison(analysis: Analysis): ComparisonAt | null {
  const verdict = latencyVerdict(analysis);
  return verdict ? claimComparison(analysis, verdict.claim) : null;
}

/** The comparison that a JSON pointer (RFC 6901) into the analysis leads to; null where it leads elsewhere. */
export function comparisonAt(analysis: Analysis, pointer: string): ComparisonAt | null {
  const match = /^#?\/comparisons\/(\d+)(?:\/|$)/.exec(pointer);
  const comparison = match ? analysis.comparisons[Number(match[1])] : undefined;
  return comparison ? { comparison, index: Number(match![1]) } : null;
}

/** The figure of the load phase that a JSON pointer leads to; null where it leads elsewhere. */
export function loadMetricAt(analysis: Analysis, pointer: string): LoadMetricFigure | null {
  const match = /^#?\/load\/metrics\/(\d+)(?:\/|$)/.exec(pointer);
  return (match && analysis.load?.metrics[Number(match[1])]) ?? null;
}

/** Where a piece of evidence was measured: the cell of the comparison behind it, else its label. */
export function placeOf(analysis: Analysis, evidence: Evidence): string {
  const found = comparisonAt(analysis, evidence.pointer);
  return found ? cellText(found.comparison) : clean(evidence.label);
}

/**
 * The evidence on which a verdict was decided: its comparisons in the claim's metric. What else stands beside them, such
 * as memory beside CPU, informs. A claim that is about no difference is decided on all of its evidence.
 */
export function keyEvidence(analysis: Analysis, verdict: Verdict): Evidence[] {
  const compared = verdict.evidence.filter(
    (e) => comparisonAt(analysis, e.pointer)?.comparison.metric === verdict.metric,
  );
  return compared.length > 0 ? compared : verdict.evidence;
}

/** Was it carried out and counted, as attacks are? Such figures are no estimates and have no interval. */
export const isCounted = (evidence: Evidence): boolean =>
  evidence.unit === 'count' && evidence.pointer.startsWith('/security/');

/** What a pair's difference means; null where nothing is known of it. A user may have named another pair the decision. */
export function meaningOf(analysis: Analysis, pair: { arm: string; baseline: string }): string | null {
  const decision = decisionComparison(analysis);
  if (decision && same(decision.comparison, pair)) return 'the decision';
  if (isPriceOfDurability(analysis, pair)) return 'durable audit records';
  if (isPriceOfWatching(analysis, pair)) return 'what watching costs';
  const builtIn = known.find((k) => same(k, pair))?.meaning ?? null;
  return builtIn === 'the decision' && decision ? 'gateway instead of native' : builtIn;
}

/** `gateway − native`. */
export const pairName = (pair: { arm: string; baseline: string }): string =>
  `${clean(pair.arm)} − ${clean(pair.baseline)}`;

/** Pairs that have a comparison in this metric: the decision first, the user's own, the built-in ones, the A/A pair last. */
export function pairsOf(analysis: Analysis, metric: string): Pair[] {
  const found: Pair[] = [];
  for (const c of analysis.comparisons) {
    if (c.metric !== metric || found.some((p) => same(p, c))) continue;
    found.push({ arm: c.arm, baseline: c.baseline, meaning: meaningOf(analysis, c) });
  }
  const rank = (pair: Pair) => (pair.meaning === 'the decision' ? -2 : known.findIndex((k) => same(k, pair)));
  return found
    .map((pair, i) => ({ pair, i }))
    .sort((a, b) => rank(a.pair) - rank(b.pair) || a.i - b.i)
    .map((x) => x.pair);
}

/** One place where calls were measured. */
export interface Cell {
  workload: string;
  condition: string;
}

export const cellKey = (cell: Cell): string => `${cell.workload}\u0000${cell.condition}`;

/** `instant/c1/http` in words. */
export function conditionText(condition: string): string {
  const match = /^(instant|realistic)\/c(\d+)\/([\w-]+)$/.exec(condition);
  if (!match) return clean(condition);
  const service = match[1] === 'instant' ? 'tools answer at once' : 'tools take realistic time';
  return `${service}, ${match[2] === '1' ? 'one task at a time' : `${match[2]} tasks at once`}, ${match[3]}`;
}

/** `tool-chain · instant/c1/http`. */
export const cellText = (cell: Cell): string => `${clean(cell.workload)} · ${clean(cell.condition)}`;

/** Short labels of cells, unlike each other. */
export class CellLabels {
  readonly #labels = new Map<string, string>();

  constructor(cells: readonly Cell[]) {
    for (const cell of cells) {
      const label = `${shorten(clean(cell.workload), 28)} · ${shorten(clean(cell.condition), 28)}`;
      const twins = [...this.#labels.values()].filter((l) => l === label || l.startsWith(`${label} (`)).length;
      this.#labels.set(cellKey(cell), twins === 0 ? label : `${label} (${twins + 1})`);
    }
  }

  of(cell: Cell): string {
    return this.#labels.get(cellKey(cell)) ?? cellText(cell);
  }

  /** In the order of the cells. */
  values(): string[] {
    return [...this.#labels.values()];
  }
}

/** Labels of all cells in which anything was measured. */
export const cellLabels = (analysis: Analysis): CellLabels =>
  new CellLabels(
    cellsOf(analysis, [...analysis.arms, ...analysis.comparisons, ...analysis.waterfalls, ...analysis.distributions]),
  );

/** Cells in which rows stand, in the campaign's order (workloads, then conditions), then what else turns up. */
export function cellsOf(analysis: Analysis, rows: readonly Cell[]): Cell[] {
  const cells = new Map<string, Cell>();
  const planned = analysis.campaign.workloads.flatMap((workload) =>
    analysis.campaign.conditions.map((condition) => ({ workload, condition })),
  );
  const there = new Set(rows.map(cellKey));
  for (const cell of [...planned.filter((c) => there.has(cellKey(c))), ...rows]) {
    if (!cells.has(cellKey(cell))) cells.set(cellKey(cell), { workload: cell.workload, condition: cell.condition });
  }
  return [...cells.values()];
}

export interface ComparisonAt {
  comparison: Comparison;
  index: number;
}

/** The comparisons of one metric with their places in the file, which evidence points to. */
export function comparisonsOf(analysis: Analysis, metric: string): ComparisonAt[] {
  return analysis.comparisons
    .map((comparison, index) => ({ comparison, index }))
    .filter((c) => c.comparison.metric === metric);
}

/** The comparison of a pair in a metric: in the first cell that has one, or in the given one. */
export function findComparison(
  analysis: Analysis,
  pair: { arm: string; baseline: string },
  metric: string,
  cell?: Cell,
): ComparisonAt | null {
  const all = comparisonsOf(analysis, metric).filter((c) => same(c.comparison, pair));
  const wanted =
    cell ??
    cellsOf(
      analysis,
      all.map((c) => c.comparison),
    )[0];
  return wanted === undefined ? null : (all.find((c) => cellKey(c.comparison) === cellKey(wanted)) ?? null);
}

const metrics: Record<string, string> = {
  felt_p50_shift: 'median latency of tool calls',
  felt_p95_shift: 'p95 latency of tool calls',
  felt_p99_shift: 'p99 latency of tool calls',
  felt_mean_shift: 'mean latency of tool calls',
  hop_p50_shift: 'median hop time, from spans',
  hop_p95_shift: 'p95 of the hop time, from spans',
  hop_mean_shift: 'mean hop time, from spans',
  connected_mean_shift: 'mean latency without name lookup, connecting and TLS',
  task_mean_shift: 'mean time of a whole task',
  cold_p50_shift: 'median latency of the first calls after idle',
  cpu_per_call_shift: 'CPU time per call',
  retry401_shift: 'share of calls met by a 401',
  error_rate_shift: 'error rate',
};

/**
 * CPU time is told in µs, as it is counted; latency in ms, as it is claimed. A difference of shares is told in percentage points:
 * 25 % less would be a quarter of them. What one arm carries of another’s load is a true ratio, and told in per cent.
 */
export function displayUnit(metric: string, unit: string): string {
  if (unit === 'ratio' && metric.endsWith('_shift')) return 'points';
  return metric.startsWith('cpu_') && unit === 'us' ? 'µs' : unit;
}

/** The same of a piece of evidence: what stands beside a difference, such as the rate of one arm, is none itself. */
export function evidenceUnit(analysis: Analysis, { pointer, unit }: Evidence): string {
  const behind = comparisonAt(analysis, pointer)?.comparison ?? loadMetricAt(analysis, pointer);
  return displayUnit(behind?.metric ?? '', unit);
}

/** A metric in words; the name itself where it is not of the contract. */
export const metricText = (metric: string): string =>
  Object.hasOwn(metrics, metric) ? metrics[metric]! : (loadMetricText(metric) ?? clean(metric));

const pressed: Record<string, string> = {
  saturation: 'most served by a closed loop',
  knee: 'workers at the knee',
  cpu_us_per_call: 'CPU time per call where most is served',
};

/** A figure of the load phase in words; a ratio is told by its two arms. */
function loadMetricText(metric: string): string | null {
  const name = metric.replace(/_ratio$/, '');
  const limit = /^frontier_p99_(\d+)ms$/.exec(name)?.[1];
  if (limit !== undefined) return `highest offered rate with a p99 under ${limit} ms`;
  return Object.hasOwn(pressed, name) ? pressed[name]! : null;
}

/** `gateway`, or `gateway ÷ native` for a ratio. */
export const pressedName = ({ arm, baseline }: Pick<LoadMetricFigure, 'arm' | 'baseline'>): string =>
  baseline === null ? clean(arm) : `${clean(arm)} ÷ ${clean(baseline)}`;
