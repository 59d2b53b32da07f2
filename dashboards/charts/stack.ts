/** Stacked bars whose parts are told apart by a number as well as by colour. */
import { neutral } from './theme.ts';

/** Paul Tol's muted palette (2021), in an order that keeps neighbours apart; distinct from the colours of arms. */
const palette = ['#332288', '#88ccee', '#44aa99', '#ddcc77', '#cc6677', '#aa4499', '#999933', '#882255'];
const darkParts = new Set(['#332288', '#882255', '#aa4499']);

export interface PartScale {
  domain: string[];
  range: string[];
}

/** `1 agent`, `2 wire …`: names with the number that stands in the bar. */
const partLabel = (parts: readonly string[], part: string): string => `${parts.indexOf(part) + 1} ${part}`;

export const partScale = (parts: readonly string[]): PartScale => ({
  domain: parts.map((p) => partLabel(parts, p)),
  range: parts.map((_, i) => palette[i % palette.length]!),
});

/** Colour of the number inside a part. */
const numberColour = (index: number): string =>
  darkParts.has(palette[index % palette.length]!) ? '#ffffff' : '#14202a';

export interface Piece {
  part: string;
  /** The number in the bar. */
  number: string;
  numberColour: string;
  from: number;
  to: number;
  middle: number;
  /** Wide enough for its number. */
  roomy: boolean;
}

/**
 * Lays parts end to end: positive ones to the right of zero, negative ones to the left. `extent` is the length of the
 * axis; a part narrower than 1/40 of it carries no number. Parts without a name are too short to be seen.
 */
export function layParts(
  parts: readonly { part: string; value: number }[],
  names: readonly string[],
  extent: number,
): Piece[] {
  const ends = { right: 0, left: 0 };
  return parts
    .filter(({ part }) => names.includes(part))
    .map(({ part, value }) => {
      const side = value < 0 ? 'left' : 'right';
      const from = ends[side];
      ends[side] += value;
      const index = names.indexOf(part);
      return {
        part: partLabel(names, part),
        number: String(index + 1),
        numberColour: numberColour(index),
        from,
        to: ends[side],
        middle: (from + ends[side]) / 2,
        roomy: Math.abs(value) > extent / 40,
      };
    });
}

/** Layers for pieces in the field order of `Piece`. */
export function stackLayers(scale: PartScale, title: string): object[] {
  const x = (field: string) => ({ field, type: 'quantitative', title, scale: { zero: true } });
  return [
    {
      mark: { type: 'bar', height: { band: 0.7 }, stroke: neutral.paper, strokeWidth: 0.7 },
      encoding: {
        x: x('from'),
        x2: { field: 'to' },
        color: { field: 'part', type: 'nominal', title: null, scale, legend: { columns: 3, symbolType: 'square' } },
      },
    },
    {
      transform: [{ filter: 'datum.roomy' }],
      mark: { type: 'text', fontSize: 10, fontWeight: 600 },
      encoding: {
        x: x('middle'),
        text: { field: 'number' },
        color: { field: 'numberColour', type: 'nominal', scale: null },
      },
    },
  ];
}
