/** A strict reader of markup for tests: the first thing that is not well-formed XML (§2.1 of XML 1.0), or null. */

const token =
  /<!DOCTYPE [^<>[\]]*>|<\?xml [^<>]*\?>|<(\/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+="[^"<]*")*)\s*(\/?)>|[^<]+|</y;
const reference = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i;

/** Elements, in the order in which they open. */
export interface Element {
  name: string;
  attributes: Map<string, string>;
}

export interface Reading {
  fault: string | null;
  elements: Element[];
}

function attributesOf(text: string): Map<string, string> | string {
  const found = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/([\w:.-]+)="([^"]*)"/g)) {
    if (found.has(name!)) return `attribute ${name} twice`;
    found.set(name!, value!);
  }
  return found;
}

/** Reads a document; text of `style` elements must be free of markup too, as in XML. */
export function readMarkup(source: string): Reading {
  const elements: Element[] = [];
  const open: string[] = [];
  let roots = 0;
  token.lastIndex = 0;
  const fault = (what: string): Reading => ({
    fault: `${what} near “${source.slice(Math.max(0, token.lastIndex - 80), token.lastIndex + 20)}”`,
    elements,
  });
  while (token.lastIndex < source.length) {
    const match = token.exec(source);
    if (!match) return fault('no token');
    const [text, closing, name, rest, single] = match;
    if (text === '<') return fault('a bare <');
    if (reference.test(text)) return fault('a bare &');
    if (name === undefined) continue;
    if (closing) {
      if (open.pop() !== name) return fault(`</${name}> closes nothing`);
      continue;
    }
    const attributes = attributesOf(rest ?? '');
    if (typeof attributes === 'string') return fault(attributes);
    if (open.length === 0) roots++;
    elements.push({ name, attributes });
    if (!single) open.push(name);
  }
  if (open.length > 0) return fault(`<${open.at(-1)}> stays open`);
  return roots === 1 ? { fault: null, elements } : fault(`${roots} roots`);
}
