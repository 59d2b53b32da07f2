/** The look that all charts share, so that each of them says only what is its own. */
import type { Config } from 'vega-lite';
import type { Analysis } from '#contract/analysis.ts';
import { type ArmLook, armLooks } from '../reading/arms.ts';
import { clean, glue, shorten } from '../reading/format.ts';
import type { VegaLiteSpec } from './chart.ts';
import { textWidth } from './text-metrics.ts';

/** Neutral colours. The page finds them by their value and swaps them in the dark. */
export const neutral = {
  ink: '#1d2830',
  soft: '#55626d',
  rule: '#8a96a1',
  grid: '#e4e8ec',
  paper: '#ffffff',
  /** Where a claim holds. */
  region: '#f0dcc8',
} as const;

/** In px: the width of a whole chart's plot, the height of a row. */
export const size = { wide: 560, row: 26 } as const;

/** Layer of a constant across the whole height: the line of zero, a budget, a bound. */
export const verticalLine = (at: number, dash: number[] = []): object => ({
  data: { values: [{ at }] },
  mark: { type: 'rule', color: neutral.rule, strokeDash: dash },
  encoding: { x: { field: 'at', type: 'quantitative' }, y: { value: 0 }, y2: { value: 'height' } },
});

export const font = 'Helvetica, Arial, sans-serif';

const config: Config = {
  background: neutral.paper,
  font,
  aria: false,
  padding: 12,
  view: { stroke: null },
  title: {
    anchor: 'start',
    frame: 'bounds',
    align: 'left',
    color: neutral.ink,
    fontSize: 15,
    fontWeight: 600,
    lineHeight: 19,
    offset: 6,
    subtitleColor: neutral.soft,
    subtitleFontSize: 12,
    subtitleLineHeight: 16,
    subtitlePadding: 6,
  },
  axis: {
    labelColor: neutral.ink,
    labelFontSize: 12,
    titleColor: neutral.soft,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titlePadding: 8,
    gridColor: neutral.grid,
    domainColor: neutral.rule,
    tickColor: neutral.rule,
    labelLimit: 210,
  },
  axisY: { domain: false, ticks: false, labelPadding: 8, grid: false },
  axisX: { tickCount: 5 },
  legend: {
    labelColor: neutral.ink,
    labelFontSize: 12,
    titleColor: neutral.soft,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    symbolSize: 90,
    orient: 'bottom',
    direction: 'horizontal',
    labelLimit: 190,
    columns: 4,
    rowPadding: 5,
    columnPadding: 18,
    offset: 16,
  },
  header: {
    labelColor: neutral.ink,
    labelFontSize: 12,
    labelFontWeight: 600,
    labelAnchor: 'start',
    labelLimit: 540,
    labelPadding: 4,
    titleColor: neutral.soft,
  },
  facet: { spacing: 30 },
  concat: { spacing: 34 },
  text: { color: neutral.ink, fontSize: 11 },
  rule: { color: neutral.rule },
};

/** Lines of at most this many px, broken at spaces: SVG text does not wrap. Titles, at 15 px, are bold. */
export function wrap(text: string, width: number, fontSize: number): string[] {
  const fits = (line: string) => textWidth(line, fontSize, fontSize >= 15) <= width;
  const lines: string[] = [];
  for (const word of glue(text).split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && fits(`${line} ${word}`)) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => (fits(line) ? line : shorten(line, Math.floor(width / fontSize))));
}

export interface Heading {
  title: string;
  subtitle: string;
  /** For those who cannot see it. */
  description: string;
  /** Room for title and subtitle, px. */
  width?: number;
}

/** The parts that every specification has; `body` is what the chart adds. */
export function specification(heading: Heading, body: object): VegaLiteSpec {
  const { title, subtitle, width = 520 } = heading;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description: heading.description,
    title: { text: wrap(title, width, 15), subtitle: wrap(subtitle, width, 12), offset: 16 },
    ...body,
    config,
  } as VegaLiteSpec;
}

/** An arm's or pair's name as it stands on an axis. */
export const axisName = (text: string): string => shorten(clean(text), 30);

/** Looks of the arms that turn up in these rows, in display order. */
function looksOf(analysis: Analysis, rows: readonly { arm: string }[]): ArmLook[] {
  const there = new Set(rows.map((r) => r.arm));
  return armLooks(analysis).filter((look) => there.has(look.arm));
}

/** Names as they stand on axes and in legends; two long names that shorten to the same text are kept apart. */
export function axisNames(analysis: Analysis): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const { arm } of armLooks(analysis)) {
    let name = axisName(arm);
    for (let i = 2; taken.has(name); i++) name = `${shorten(axisName(arm), 26)} (${i})`;
    taken.add(name);
    names.set(arm, name);
  }
  return names;
}

/** `gateway − native`, with names as short as on every axis. */
export function shortPair(analysis: Analysis, pair: { arm: string; baseline: string }): string {
  const names = axisNames(analysis);
  return `${names.get(pair.arm) ?? axisName(pair.arm)} − ${names.get(pair.baseline) ?? axisName(pair.baseline)}`;
}

export interface ArmScales {
  colour: object;
  shape: object;
  dash: object;
  /** Axis names in display order. */
  order: string[];
}

/** Scales that give each arm its own colour, shape and dash, keyed by axis name. */
export function armScales(analysis: Analysis, rows: readonly { arm: string }[]): ArmScales {
  const looks = looksOf(analysis, rows);
  const names = axisNames(analysis);
  const domain = looks.map((l) => names.get(l.arm) ?? axisName(l.arm));
  return {
    colour: { domain, range: looks.map((l) => l.colour) },
    shape: { domain, range: looks.map((l) => l.shape) },
    dash: { domain, range: looks.map((l) => l.dash) },
    order: domain,
  };
}
