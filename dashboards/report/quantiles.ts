/** Quantiles of an arm's times as cells. Calls that ended badly rank above every success, so a quantile may lie among them. */
import type { Analysis, ArmFigures } from '#contract/analysis.ts';
import { micros, microsInterval, percent } from '../reading/format.ts';
import { cellKey } from '../reading/pairs.ts';
import { html, type Part } from './html.ts';

/** What the marks mean, for a caption. */
export const quantileMarks =
  'Calls that did not end well (denied, failed, timed out or lost) rank above every success. “Not reached”: so many of them that the quantile lies among them, with their share; “≥” is then the highest quantile below it that was answered. No interval: it reaches them too, or there are fewer than six blocks. A dash: nothing of the kind was seen, such as no span of ours, or no gateway in the path.';

interface Quantile {
  us: number | null;
  ci?: readonly [number, number] | null;
  /** Was any call seen of which it could be made? */
  seen: boolean;
  /** A quantile below it, µs. */
  least_us?: number | null;
}

/** Share of the calls of a cell that did not end well. */
function badShare({ outcomes: { ok, ...badly } }: ArmFigures): number {
  const bad = Object.values(badly).reduce((sum, n) => sum + n, 0);
  return bad === 0 ? 0 : bad / (ok + bad);
}

function cell(a: ArmFigures, { us, ci = null, seen, least_us = null }: Quantile): Part {
  if (us !== null) return ci === null ? micros(us) : html`${micros(us)}<small>${microsInterval(ci)}</small>`;
  const share = badShare(a);
  if (!seen || share === 0) return '–';
  const why = `${percent(share)} failed`;
  return least_us === null
    ? html`not reached<small>${why}</small>`
    : html`≥ ${micros(least_us)}<small>not reached: ${why}</small>`;
}

/** The highest quantile at or below `p` that calls which ended well reach, µs; null where none does. */
function leastOf({ distributions }: Analysis, a: ArmFigures, p: number): number | null {
  const curve = distributions.find((d) => d.phase === a.phase && d.arm === a.arm && cellKey(d) === cellKey(a));
  return curve?.points.findLast((point) => point.p <= p)?.us ?? null;
}

const ours: readonly string[] = ['passthrough', 'gateway'];

/** p50, p95, p99 felt; p50 after idle; p50, p95, p99 of the hop; p95 of the gateway itself. */
export function quantileCells(analysis: Analysis, a: ArmFigures): Part[] {
  const felt = (p: number, us: number | null, ci: Quantile['ci']): Part =>
    cell(a, { us, ci: ci ?? null, seen: a.calls > 0, least_us: leastOf(analysis, a, p) });
  // Of an arm without spans only the failures would be left: not even its median could be told.
  const spans = a.hop.p50_us !== null;
  const arm = analysis.campaign.arms.find((x) => x.arm === a.arm);
  return [
    felt(0.5, a.p50_us, a.p50_ci),
    felt(0.95, a.p95_us, a.p95_ci),
    felt(0.99, a.p99_us, a.p99_ci),
    cell(a, { us: a.cold.p50_us, seen: a.cold.calls > 0 }),
    ...[a.hop.p50_us, a.hop.p95_us, a.hop.p99_us].map((us) => cell(a, { us, seen: spans })),
    cell(a, { us: a.hop.gateway_self_p95_us, seen: spans && ours.includes(arm?.gateway ?? '') }),
  ];
}
