/** What the instrument reports beyond the truth: the error of each known increment, with its interval, against its limit. */
import type { Analysis } from '#contract/analysis.ts';
import type { HeldCalibration } from '#contract/calibration.ts';
import { calibrationFinding, calibrationOrigin, incrementName, quantileName } from '../reading/calibration.ts';
import { count, estimateAndInterval } from '../reading/format.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { facetOf } from './facet.ts';
import { neutral, size, specification, verticalLine } from './theme.ts';

interface ErrorRow {
  cell: string;
  row: string;
  error: number;
  lo: number | null;
  hi: number | null;
  from: number;
  to: number;
  text: string;
}

const colour = '#1f6f8b';
const width = size.wide - 160;

/** Judged increments alone: those beside them hold the cold-tier penalty, and would squeeze the others. */
function rowsOf({ increments }: HeldCalibration): ErrorRow[] {
  const places = new Set(increments.map((i) => `${i.workload} · ${i.condition}`));
  return increments.flatMap((i) => {
    if (i.error_us === null || i.limit_us === null) return [];
    const [error] = estimateAndInterval(i.error_us, i.error_ci90, 'µs');
    const place = places.size > 1 ? `, ${i.workload} · ${i.condition}` : '';
    return [
      {
        cell: `at ${quantileName(i.metric)}, within ± ${i.limit_us} µs${place}`,
        row: incrementName(i),
        error: i.error_us,
        lo: i.error_ci90?.[0] ?? null,
        hi: i.error_ci90?.[1] ?? null,
        from: -i.limit_us,
        to: i.limit_us,
        text: `${error} · ${i.result}`,
      },
    ];
  });
}

const x = (field: string, title: string | null = 'error, µs: reported minus true') => ({
  field,
  type: 'quantitative',
  title,
});

export function calibrationErrors(analysis: Analysis): VegaLiteSpec | null {
  const { calibration } = analysis;
  const values = calibration ? rowsOf(calibration) : [];
  if (!calibration || values.length === 0) return null;
  const cells = [...new Set(values.map((v) => v.cell))];
  const rows = [...new Set(values.map((v) => v.row))];
  return specification(
    {
      title: calibrationFinding(calibration),
      subtitle: `Lines are 90 % intervals over ${count(calibration.campaign.blocks.kept)} blocks; shaded: where they are to lie. ${calibrationOrigin(analysis)}`,
      description: 'For each known increment of delay: by how much the reported difference missed the true one, in µs.',
    },
    {
      data: { values },
      ...facetOf(cells, {
        width,
        height: { step: size.row },
        encoding: { y: { field: 'row', type: 'nominal', title: null, sort: rows } },
        layer: [
          {
            mark: { type: 'bar', color: neutral.region, height: { band: 0.86 } },
            encoding: { x: x('from'), x2: { field: 'to' } },
          },
          verticalLine(0),
          {
            transform: [{ filter: 'isValid(datum.lo)' }],
            mark: { type: 'rule', strokeWidth: 3, strokeCap: 'round', opacity: 0.75, color: colour },
            encoding: { x: x('lo'), x2: { field: 'hi' } },
          },
          {
            mark: {
              type: 'point',
              filled: true,
              size: 80,
              opacity: 1,
              stroke: neutral.paper,
              strokeWidth: 1,
              color: colour,
            },
            encoding: { x: x('error') },
          },
          { mark: { type: 'text', align: 'left' }, encoding: { x: { value: width + 12 }, text: { field: 'text' } } },
        ],
      }),
    },
  );
}

export const calibrationChart: Chart = {
  name: 'calibration',
  heading: 'What the instrument reports beyond the truth',
  read: 'Two gateways add delays that are known; the campaign reports how far the arms differ. A mark at zero is a right answer. An increment is resolved where its whole line lies in the shaded part, and wrong where it lies wholly outside.',
  limits:
    'It shows the instrument, and no gateway: differences of a few ms and less, one call at a time. Increments from none to a delay are not drawn, since idle CPU and processes answer later after it.',
  absent: 'There is no calibration, or one in which no error could be estimated.',
  source: '/calibration/increments',
  draw: calibrationErrors,
};
