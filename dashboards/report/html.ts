/** HTML as a value that cannot be mixed up with text: what is interpolated is escaped unless it is HTML already. */
import { glue } from '../reading/format.ts';
import { escapeMarkup } from '../reading/markup.ts';

export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type Part = Html | string | number | null | readonly Part[];

function markupOf(part: Part): string {
  if (part === null) return '';
  if (part instanceof Html) return part.markup;
  if (typeof part === 'string') return glue(escapeMarkup(part));
  if (typeof part === 'number') return String(part);
  return part.map(markupOf).join('');
}

/** Builds HTML; strings in it are escaped, null is nothing, arrays are joined. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.reduce((all, text, i) => all + text + (i < parts.length ? markupOf(parts[i]!) : ''), ''));
}

/** For markup that is known to be sound: the style sheet, and drawings made by our own renderer. */
export const trusted = (markup: string): Html => new Html(markup);
