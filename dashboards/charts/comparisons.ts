/** The main chart: what each arrangement adds, against the claim, and close up with intervals. */
import type { Analysis, Comparison } from '#contract/analysis.ts';
import { comparisonSentence, findingTitle, provisos } from '../reading/answer.ts';
import { armLooks } from '../reading/arms.ts';
import { clean, estimateAndInterval, range, shorten } from '../reading/format.ts';
import {
  cellKey,
  cellLabels,
  cellsOf,
  comparisonAt,
  comparisonsOf,
  decisionComparison,
  pairsOf,
} from '../reading/pairs.ts';
import { regionMs } from '../reading/standing.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { neutral, shortPair, specification, verticalLine } from './theme.ts';

const metric = 'felt_p95_shift';
const plotWidth = 330;
const axis = { labelLimit: 284, minExtent: 290, maxExtent: 290 };

interface Mark {
  row: string;
  ms: number;
  lo: number | null;
  hi: number | null;
  colour: string;
  shape: string;
}

interface ClaimMark extends Mark {
  text: string;
  from: number;
  to: number;
}

function look(analysis: Analysis, arm: string): { colour: string; shape: string } {
  const found = armLooks(analysis).find((l) => l.arm === arm);
  return { colour: found?.colour ?? neutral.soft, shape: found?.shape ?? 'circle' };
}

const toMark = (analysis: Analysis, c: Comparison, row: string): Mark => ({
  row,
  ms: c.estimate / 1000,
  lo: c.ci95 === null ? null : c.ci95[0] / 1000,
  hi: c.ci95 === null ? null : c.ci95[1] / 1000,
  ...look(analysis, c.arm),
});

const quantileOf = (name: string): string => /_(p\d\d)_/.exec(name)?.[1] ?? 'mean';

/** One row per claim about time, with every figure behind it. */
function claimMarks(analysis: Analysis): ClaimMark[] {
  return analysis.verdicts.flatMap((verdict) => {
    const region = regionMs(verdict.margin);
    const found = verdict.evidence.flatMap((e) => comparisonAt(analysis, e.pointer)?.comparison ?? []);
    if (!region || found.length === 0 || found.some((c) => c.unit !== 'us')) return [];
    const row = `${shorten(clean(verdict.claim), 12)}: ${shortPair(analysis, found[0]!)} at ${quantileOf(verdict.metric)}`;
    const estimates = found.map((c) => c.estimate);
    const [lo, hi] = [Math.min(...estimates), Math.max(...estimates)];
    const text = `${range(lo, hi, 'us')} · ${verdict.verdict}`;
    const from = region[0] ?? Math.min(0, region[1]!);
    return found.map((c) => ({ ...toMark(analysis, c, row), text, from, to: region[1] ?? from * 3 + 1 }));
  });
}

/** The mark of an estimate and its interval, in the colour and shape of the arm whose price it is. */
const estimateLayers = [
  {
    transform: [{ filter: 'isValid(datum.lo)' }],
    mark: { type: 'rule', strokeWidth: 3, strokeCap: 'round', opacity: 0.75 },
    encoding: {
      x: { field: 'lo', type: 'quantitative' },
      x2: { field: 'hi' },
      color: { field: 'colour', type: 'nominal', scale: null },
    },
  },
  {
    mark: { type: 'point', filled: true, size: 80, opacity: 1, stroke: neutral.paper, strokeWidth: 1 },
    encoding: {
      x: { field: 'ms', type: 'quantitative' },
      color: { field: 'colour', type: 'nominal', scale: null },
      shape: { field: 'shape', type: 'nominal', scale: null },
    },
  },
] as const;

const zeroLine = verticalLine(0);

const figuresAtTheRight = {
  mark: { type: 'text', align: 'left', fontSize: 11 },
  encoding: { x: { value: plotWidth + 12 }, text: { field: 'text' } },
};

function claimPanel(marks: readonly ClaimMark[]): object {
  const rows = [...new Set(marks.map((m) => m.row))];
  const firsts = rows.map((row) => marks.find((m) => m.row === row)!);
  const far = Math.max(...marks.flatMap((m) => [m.to, m.ms, m.hi ?? m.ms])) * 1.05;
  const near = Math.min(0, ...marks.map((m) => m.lo ?? m.ms));
  return {
    width: plotWidth,
    height: { step: 26 },
    title: { text: 'On the scale of the claim', fontSize: 12, offset: 8, frame: 'bounds' },
    data: { values: marks },
    encoding: { y: { field: 'row', type: 'nominal', sort: null, title: null, axis } },
    layer: [
      {
        data: { values: firsts },
        mark: { type: 'bar', color: neutral.region, height: { band: 0.86 } },
        encoding: {
          x: {
            field: 'from',
            type: 'quantitative',
            title: 'ms added (shaded: where the claim would hold)',
            scale: { domain: [near, far], nice: false },
          },
          x2: { field: 'to' },
        },
      },
      zeroLine,
      ...estimateLayers,
      { data: { values: firsts }, ...figuresAtTheRight },
    ],
  };
}

interface PairMark extends Mark {
  cell: string;
  text: string;
}

/** One row per pair of arms and cell. */
function pairMarks(analysis: Analysis): PairMark[] {
  const found = comparisonsOf(analysis, metric).map((c) => c.comparison);
  const cells = cellsOf(analysis, found);
  const labels = cellLabels(analysis);
  return pairsOf(analysis, metric).flatMap((pair) => {
    const name = shortPair(analysis, pair);
    const row = pair.meaning ? `${pair.meaning}: ${name}` : name;
    return cells.flatMap((cell) => {
      const c = found.find((x) => x.arm === pair.arm && x.baseline === pair.baseline && cellKey(x) === cellKey(cell));
      if (!c) return [];
      const [size, interval] = estimateAndInterval(c.estimate, c.ci95, 'us');
      return [
        {
          ...toMark(analysis, c, row),
          cell: labels.of(cell),
          text: interval === null ? size : `${size} (${interval.replace(' ms', '')})`,
        },
      ];
    });
  });
}

function pairPanel(marks: readonly PairMark[]): object {
  return {
    title: { text: 'Close up: felt p95, arm minus baseline', fontSize: 12, offset: 8, frame: 'bounds' },
    data: { values: marks },
    facet: {
      row: {
        field: 'cell',
        type: 'nominal',
        title: null,
        sort: [...new Set(marks.map((m) => m.cell))],
        header: { labelOrient: 'top', labelAngle: 0 },
      },
    },
    spacing: 16,
    resolve: { scale: { x: 'independent' }, axis: { x: 'independent' } },
    spec: {
      width: plotWidth,
      height: { step: 23 },
      encoding: {
        y: { field: 'row', type: 'nominal', sort: [...new Set(marks.map((m) => m.row))], title: null, axis },
        x: { type: 'quantitative', title: 'ms added at p95' },
      },
      layer: [zeroLine, ...estimateLayers, figuresAtTheRight],
    },
  };
}

function subtitle(analysis: Analysis, marks: readonly Mark[]): string {
  const intervals = marks.some((m) => m.lo !== null)
    ? 'Lines are 95 % intervals over blocks.'
    : 'Too few blocks for intervals.';
  const decision = decisionComparison(analysis)?.comparison;
  const subject = decision
    ? `Subject: ${shorten(clean(decision.subject.system), 60)}, ${decision.subject.kind}, ${shorten(clean(decision.subject.placement), 40)}, ${shorten(clean(decision.subject.protocol), 12)}; ${decision.blocks} blocks, ${decision.n.toLocaleString('en-GB')} calls.`
    : '';
  return [
    intervals,
    subject,
    `Campaign ${shorten(clean(analysis.campaign.id), 40)}.`,
    ...provisos(analysis).slice(0, 1),
  ]
    .filter((t) => t !== '')
    .join(' ');
}

export function comparisons(analysis: Analysis): VegaLiteSpec | null {
  const pairs = pairMarks(analysis);
  if (pairs.length === 0) return null;
  const claims = claimMarks(analysis);
  const decision = decisionComparison(analysis)?.comparison;
  return specification(
    {
      title: findingTitle(analysis),
      subtitle: subtitle(analysis, pairs),
      description: `Differences in p95 latency between arms, in ms, with 95 % intervals${decision ? `; ${comparisonSentence(analysis, decision)}` : ''}.`,
      // A browser without Helvetica and Arial falls back on letters that are up to a sixth wider.
      width: 640,
    },
    { vconcat: claims.length > 0 ? [claimPanel(claims), pairPanel(pairs)] : [pairPanel(pairs)] },
  );
}

export const comparisonsChart: Chart = {
  name: 'comparisons',
  heading: 'What each arrangement adds',
  read: 'A mark is the estimate over blocks, its line the 95 % interval; colour and shape are those of the arm whose price it is. Right of the line at zero, the arm is slower than its baseline. The upper part sets the claims on their own scale; the lower part looks closer, and its axes differ between conditions. “Same twice” compares two arms that are equal: it shows what this campaign can resolve.',
  limits:
    'A difference between two p95s is not the p95 of the added time. Network, TLS and a policy service elsewhere are not in these figures.',
  absent: 'No comparison of p95 latency was made: fewer than two arms, or no latency phase.',
  source: '/comparisons',
  draw: comparisons,
};
