/** What watching costs: the observer effect, where a campaign has arms that are watched in different ways. */
import type { Analysis } from '#contract/analysis.ts';
import { count, estimateAndInterval } from '../reading/format.ts';
import { type Cell, cellsOf, cellText, displayUnit, findComparison, pairName } from '../reading/pairs.ts';
import { hopsByWatching, pricesOfWatching, type Watched } from '../reading/watching.ts';
import { type Html, html, type Part } from './html.ts';
import { bullets, section, table } from './parts.ts';

const metrics = [
  { metric: 'felt_p50_shift', label: 'Median' },
  { metric: 'felt_p95_shift', label: 'p95' },
  { metric: 'cpu_per_call_shift', label: 'CPU per call' },
] as const;

export const hasWatching = (analysis: Analysis): boolean => pricesOfWatching(analysis).length > 0;

const latencyCells = (analysis: Analysis): Cell[] =>
  cellsOf(
    analysis,
    analysis.comparisons.filter((c) => c.phase === 'latency'),
  );

function figureOf(analysis: Analysis, pair: Watched, metric: string, cell: Cell): Part {
  const found = findComparison(analysis, pair, metric, cell);
  if (!found) return 'not estimated';
  const { estimate, ci95, unit } = found.comparison;
  const [size, interval] = estimateAndInterval(estimate, ci95, displayUnit(metric, unit));
  return html`<a href="#comparisons-${found.index}">${size}</a><small>${interval ?? 'no interval'}</small>`;
}

function sizeOf(analysis: Analysis, pair: Watched, cell: Cell): Part[] {
  const found = findComparison(analysis, pair, metrics[0].metric, cell)?.comparison;
  return found ? [count(found.blocks), count(found.n)] : ['–', '–'];
}

interface Group {
  id: string;
  caption: string;
  heading: string;
  pairs: readonly Watched[];
}

function differences(analysis: Analysis, { id, caption, heading, pairs }: Group): Html | null {
  if (pairs.length === 0) return null;
  const rows = latencyCells(analysis).flatMap((cell) =>
    pairs.map((pair) => ({
      cells: [
        html`${pair.what}<small>${pairName(pair)}</small>`,
        cellText(cell),
        ...metrics.map(({ metric }) => figureOf(analysis, pair, metric, cell)),
        ...sizeOf(analysis, pair, cell),
      ],
    })),
  );
  return table({
    id,
    caption,
    columns: [
      { label: heading },
      { label: 'Calls' },
      ...[...metrics.map((m) => m.label), 'Blocks', 'n'].map((label) => ({ label, numeric: true })),
    ],
    rows,
  });
}

const meaning: Part[] = [
  'Switched are the spans, the request’s log lines and the trace context of an arm’s agent and gateway. The testbed serves all arms and notes the same of each, so its own share is in no difference.',
  'Where nothing is noted the agent sends no traceparent either, as a client that knows nothing of tracing: the price includes making, sending and reading it.',
  'The SDK’s spans are started by hand and exported in batches, mostly between slices: automatic instrumentation, and exports in the midst of calls, would add to it. Its arms hold their log lines in memory too, as all arms do, for the raw lines that the counts are held against: a string kept per line is in its price, and in that of the light way. CPU time of exports is in no figure, of either way.',
];

export function watching(analysis: Analysis): Html | null {
  if (!hasWatching(analysis)) return null;
  const prices = differences(analysis, {
    id: 'watching-table',
    caption:
      'What each way of watching adds to the same calls, against the arm of which nothing is noted; small: 95 % intervals over blocks.',
    heading: 'Who is watched, and how',
    pairs: pricesOfWatching(analysis),
  });
  const hops = differences(analysis, {
    id: 'watching-hop-table',
    caption:
      'The same hop (a gateway without controls against none) as each way of watching tells it: what differs between these rows beyond their intervals was put there by the observer.',
    heading: 'Both arms watched by',
    pairs: hopsByWatching(analysis),
  });
  return section({ id: 'watching', title: 'What watching costs', body: html`${prices}${hops}${bullets(meaning)}` });
}
