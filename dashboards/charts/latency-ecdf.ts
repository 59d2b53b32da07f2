/** The whole distribution of latency per arm, on a logarithmic axis. */
import type { Analysis } from '#contract/analysis.ts';
import { byArm } from '../reading/arms.ts';
import { cellLabels } from '../reading/pairs.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { facetOf } from './facet.ts';
import { armScales, axisNames, neutral, size, specification } from './theme.ts';

interface PointRow {
  cell: string;
  arm: string;
  p: number;
  ms: number;
  /** Set on the points nearest to the median and the p95, where a shape stands for the arm. */
  mark?: true;
}

/** Points stand two in a hundred apart. */
const farthestMark = 0.02;

/** Quantiles that are not positive have no place on a logarithmic axis. */
function rows(analysis: Analysis): PointRow[] {
  const names = axisNames(analysis);
  const labels = cellLabels(analysis);
  return byArm(
    analysis,
    analysis.distributions.filter((d) => d.phase === 'latency'),
  ).flatMap((d) => {
    const points = d.points.filter((pt) => pt.us > 0);
    // A curve that failures end before a quantile has no mark for it.
    const nearest = (p: number) =>
      points
        .filter((pt) => Math.abs(pt.p - p) <= farthestMark)
        .toSorted((a, b) => Math.abs(a.p - p) - Math.abs(b.p - p))
        .slice(0, 1);
    const marked = new Set([0.5, 0.95].flatMap(nearest));
    return points.map((pt) => ({
      cell: labels.of(d),
      arm: names.get(d.arm) ?? d.arm,
      p: pt.p,
      // Four digits are a tenth of a pixel.
      ms: Number((pt.us / 1000).toPrecision(4)),
      ...(marked.has(pt) ? { mark: true } : {}),
    }));
  });
}

const x = {
  field: 'ms',
  type: 'quantitative',
  title: 'latency, ms (logarithmic)',
  scale: { type: 'log', nice: false },
  axis: { tickCount: 6, format: '~g' },
};
const y = {
  field: 'p',
  type: 'quantitative',
  title: 'share of calls that took at most this long',
  scale: { domain: [0, 1] },
  axis: { format: '.0%', values: [0, 0.25, 0.5, 0.75, 0.95], labelOverlap: false, grid: true },
};

export function latencyEcdf(analysis: Analysis): VegaLiteSpec | null {
  const values = rows(analysis);
  if (values.length === 0) return null;
  const drawn = analysis.distributions.filter((d) => d.phase === 'latency');
  const scales = armScales(analysis, drawn);
  const colour = { field: 'arm', type: 'nominal', title: null, scale: scales.colour };
  return specification(
    {
      title: 'How long calls took: the whole distribution',
      subtitle:
        'Blocks pooled, lead-in calls left out. Dashes and shapes tell arms apart without colour; shapes stand at the median and at the p95.',
      description:
        'Cumulative distribution of latency per arm and condition, latency on a logarithmic axis, with a line at 95 %.',
    },
    {
      data: { values },
      ...facetOf(cellLabels(analysis).values(), {
        width: size.wide,
        height: 230,
        // The legend is that of the shapes alone; merged with the dashes it would draw dashed outlines.
        resolve: { legend: { color: 'independent', shape: 'independent', strokeDash: 'independent' } },
        layer: [
          {
            data: { values: [{ p: 0.95 }] },
            mark: { type: 'rule', color: neutral.soft, strokeDash: [3, 3] },
            encoding: { y },
          },
          {
            data: { values: [{ p: 0.95 }] },
            mark: { type: 'text', text: 'p95', align: 'left', dx: 5, dy: -7, color: neutral.soft },
            encoding: { x: { value: 0 }, y },
          },
          {
            mark: { type: 'line', strokeWidth: 2, interpolate: 'linear' },
            encoding: {
              x,
              y,
              color: { ...colour, legend: null },
              strokeDash: { field: 'arm', type: 'nominal', scale: scales.dash, legend: null },
              order: { field: 'p' },
            },
          },
          {
            transform: [{ filter: 'datum.mark' }],
            mark: { type: 'point', filled: true, size: 70, opacity: 1, stroke: neutral.paper, strokeWidth: 1 },
            encoding: {
              x,
              y,
              color: colour,
              shape: { field: 'arm', type: 'nominal', title: null, scale: scales.shape },
            },
          },
        ],
      }),
    },
  );
}

export const latencyEcdfChart: Chart = {
  name: 'latency-ecdf',
  heading: 'Distribution of latency',
  read: 'Follow a curve up: at each latency it tells the share of calls that took no longer. A curve further right is a slower arm; where two curves run in parallel, the slower one costs the same factor everywhere. The dashed line crosses each curve at its p95.',
  limits:
    'Curves pool all blocks, so they carry no interval, and a slow block can bend them. A curve that ends lower than the others is of an arm whose other calls ended badly.',
  absent: 'No distribution was kept: there was no latency phase.',
  source: '/distributions',
  draw: latencyEcdf,
};
