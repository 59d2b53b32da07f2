/** The rendering edge: Vega-Lite → Vega → SVG without a browser, the same bytes from the same specification. */
import { type LoggerInterface, logger, None, parse, resetSVGDefIds, View } from 'vega';
import { compile } from 'vega-lite';
import { escapeMarkup } from '../reading/markup.ts';
import type { VegaLiteSpec } from './chart.ts';
import { useTableOfWidths } from './text-metrics.ts';
import { font } from './theme.ts';

export interface Compiled {
  vega: ReturnType<typeof compile>['spec'];
  /** What the compiler had to say; empty for a sound specification. */
  warnings: string[];
}

/** Compiles a specification; warnings are returned, not printed. */
export function compileChart(spec: VegaLiteSpec): Compiled {
  const warnings: string[] = [];
  const quiet = logger(None, undefined, (_method: string, _level: string, said: readonly unknown[]) => {
    warnings.push(said.map(String).join(' '));
  }) as LoggerInterface;
  quiet.warn = (...said: unknown[]) => {
    warnings.push(said.map(String).join(' '));
    return quiet;
  };
  return { vega: compile(spec, { logger: quiet }).spec, warnings };
}

/** Draws a specification. `name` makes the ids inside unique, so that several charts can stand in one page. */
export async function renderSvg(name: string, spec: VegaLiteSpec): Promise<string> {
  useTableOfWidths();
  const view = new View(parse(compileChart(spec).vega), { renderer: 'none', logLevel: None });
  try {
    await view.runAsync();
    // The ids of clip paths come from a counter of the process.
    resetSVGDefIds();
    return finish(name, await view.toSVG(), spec);
  } finally {
    view.finalize();
  }
}

/**
 * Adds a title and a description for readers who cannot see the drawing, makes ids unique and numbers short, and says
 * once what every text repeats: a quarter of the bytes, in a page that holds all charts.
 */
function finish(name: string, svg: string, spec: VegaLiteSpec): string {
  const title = `<title id="${name}-title">${escapeMarkup(titleText(spec))}</title>`;
  const description = `<desc id="${name}-desc">${escapeMarkup(String(spec.description ?? ''))}</desc>`;
  return svg
    .replaceAll(/<path class="background" aria-hidden="true" d="M0,0h0v0h0Z"[^>]*\/>/g, '')
    .replaceAll('<path class="foreground" aria-hidden="true" d="" display="none"/>', '')
    .replace(/<[^>]*>/g, (tag) => withoutRepetition(shortNumbers(uniqueIds(name, tag))))
    .replace(/^<svg/, `<svg font-family="${font}"`)
    .replace(/ class="marks"/, ` role="img" aria-labelledby="${name}-title ${name}-desc"`)
    .replace(/^(<svg[^>]*>)/, `$1${title}${description}`);
}

const withoutRepetition = (tag: string): string =>
  tag
    .replace(` font-family="${font}"`, '')
    .replace(' opacity="1"', '')
    .replace(' pointer-events="none"', '')
    // Vega's names of its own parts: no style and no reader asks for them.
    .replace(/ class="(?:mark|role)-[^"]*"/, '')
    .replace(/ aria-roledescription="[^"]*"/, '')
    // What SVG takes where nothing is said.
    .replace(' stroke-width="1"', '')
    .replace(' text-anchor="start"', '')
    .replace(' transform="translate(0,0)"', '');

const uniqueIds = (name: string, tag: string): string =>
  tag.replace(/ id="(\w+)"/, ` id="${name}-$1"`).replaceAll('url(#', `url(#${name}-`);

/** Two decimals are finer than a pixel; sixteen are noise that differs between machines. */
const shortNumbers = (tag: string): string =>
  tag.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (text) => String(Number(Number(text).toFixed(2)) + 0));

function titleText(spec: VegaLiteSpec): string {
  const title = spec.title;
  if (title === undefined || title === null) return '';
  const text = typeof title === 'object' && 'text' in title ? title.text : title;
  return Array.isArray(text) ? text.join(' ') : String(text);
}
