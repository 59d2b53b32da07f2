/**
 * Widths of text without a canvas. Vega's own estimate (0.8 em a letter) leaves gaps; a canvas would give other bytes on
 * every machine. These are the advance widths of Helvetica (Adobe font metrics, units of 1/1000 em) with 6 % to spare,
 * since the reader's sans-serif may run wider.
 */
import * as vega from 'vega';

const spare = 1.06;
const unknownWidth = 600;

/** Letters by width. */
const widths = new Map<string, number>(
  Object.entries({
    191: "'",
    222: 'ijl',
    260: '|',
    278: ' \u00a0!,./:;I[\\]ft·',
    333: '()-`r',
    334: '{}',
    355: '"',
    389: '*',
    469: '^',
    500: 'Jckvxyz',
    556: '#$0123456789?L_abdeghnopqu',
    576: 'µ',
    584: '+<=>~−±',
    611: 'FTZ',
    667: '&ABEKPSVXY',
    722: 'CDHNRUw',
    778: 'GOQ',
    833: 'Mm',
    889: '%',
    944: 'W',
    1000: '—…',
    1015: '@',
  }).flatMap(([width, letters]) => [...letters].map((letter) => [letter, Number(width)] as [string, number])),
);

/** Width of one line in px. */
export function textWidth(text: string, fontSize: number, bold = false): number {
  let units = 0;
  for (const letter of text) units += widths.get(letter) ?? (letter.codePointAt(0)! > 0x2e80 ? 1000 : unknownWidth);
  return (units / 1000) * fontSize * spare * (bold ? 1.05 : 1);
}

interface TextItem {
  fontSize?: number;
  fontWeight?: string | number;
}

/** Makes Vega measure by the table above; it measures with a canvas where one happens to be installed. */
export function useTableOfWidths(): void {
  // Exported, but missing from Vega's typings.
  const { textMetrics: metrics } = vega as unknown as {
    textMetrics: { width: (item: TextItem, text: unknown) => number };
  };
  metrics.width = (item, text) => {
    const bold = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600;
    const lines = Array.isArray(text) ? text : [text];
    return Math.max(0, ...lines.map((line) => textWidth(line == null ? '' : String(line), item.fontSize ?? 11, bold)));
  };
}
