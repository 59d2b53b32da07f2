/** Where on the page a figure of `analysis.json` stands, so that every figure links to its evidence. */
import type { Analysis } from '#contract/analysis.ts';
import { correlatedArms } from '../charts/correlation.ts';
import { type Html, html } from './html.ts';

/** Tables of per-arm figures; a row's id is `arms-<index>-<table>`. */
export type ArmTable = 'latency' | 'retry401' | 'correlation' | 'error-budget' | 'resources';

/** Which rows of `arms` stand in which table. */
export function armRows(analysis: Analysis, table: ArmTable): number[] {
  const indices = analysis.arms.map((_, i) => i);
  const arm = (i: number) => analysis.arms[i]!;
  const correlated = new Set(correlatedArms(analysis));
  const holds: Record<ArmTable, (i: number) => boolean> = {
    latency: (i) => arm(i).phase === 'latency',
    retry401: (i) => arm(i).phase === 'lifecycle',
    correlation: (i) => correlated.has(arm(i)),
    'error-budget': (i) => arm(i).calls > 0 && arm(i).phase !== 'correlation',
    resources: (i) => arm(i).phase === 'latency' && arm(i).cpu_us_per_call.length + arm(i).peak_rss_mib.length > 0,
  };
  return indices.filter(holds[table]);
}

const tableOf: Record<string, ArmTable> = {
  retry401: 'retry401',
  outcomes: 'error-budget',
  error_budget: 'error-budget',
  correlation: 'correlation',
  cpu_us_per_call: 'resources',
  peak_rss_mib: 'resources',
};

const lists = [
  'comparisons',
  'waterfalls',
  'aa',
  'interactions',
  'span_gap',
  'gates',
  'verdicts',
  'all_blocks',
] as const;

function attackAnchor(analysis: Analysis, index: number, cell: string | undefined): string | null {
  const attack = analysis.security[0]?.attacks[index];
  if (!attack) return null;
  return cell === undefined || !attack.cells[Number(cell)] ? `security-a${index}` : `security-a${index}-c${cell}`;
}

/** Fragment of a JSON pointer into the analysis; null where the page does not show what it points to. */
function anchorOf(analysis: Analysis, pointer: string): string | null {
  const attack = /^#?\/security\/0\/attacks\/(\d+)(?:\/cells\/(\d+))?/.exec(pointer);
  if (attack) return attackAnchor(analysis, Number(attack[1]), attack[2]);
  const pressed = /^#?\/load\/metrics\/(\d+)/.exec(pointer);
  if (pressed) return analysis.load?.metrics[Number(pressed[1])] ? `load-metrics-${pressed[1]}` : null;
  const race = /^#?\/security\/0\/races\/(\d+)/.exec(pointer);
  if (race) return analysis.security[0]?.races[Number(race[1])] ? `security-r${race[1]}` : null;
  const match = /^#?\/(\w+)\/(\d+)(?:\/(\w+))?/.exec(pointer);
  if (!match) return null;
  const [, list, at, field] = match;
  const index = Number(at);
  if (list === 'arms') {
    const wanted = Object.hasOwn(tableOf, field ?? '') ? tableOf[field!]! : 'latency';
    const order: ArmTable[] = [wanted, 'latency', 'retry401', 'correlation', 'error-budget', 'resources'];
    const found = order.find((table) => armRows(analysis, table).includes(index));
    return found ? `arms-${index}-${found}` : null;
  }
  const known = lists.find((name) => name === list);
  return known && index < analysis[known].length ? `${known}-${index}` : null;
}

/** A figure as a link to its evidence, with the pointer as what a reader of the file looks for. */
export function evidenceLink(analysis: Analysis, pointer: string, label: Html | string): Html {
  const anchor = anchorOf(analysis, pointer);
  return anchor === null
    ? html`${label} <code>${pointer}</code>`
    : html`<a href="#${anchor}" title="analysis.json ${pointer}">${label}</a>`;
}
