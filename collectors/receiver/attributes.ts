/** Attributes on their way into the store: all values as text, in one JSON object. */

const quotedKeys = new Map<string, string>();
const quotedKeysLimit = 1024;

/** What stands in JSON as it is. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** JSON has no lone surrogates; the store's reader refuses them. */
const quote = (text: string): string => (plain.test(text) ? `"${text}"` : JSON.stringify(text.toWellFormed()));

function quoteKey(key: string): string {
  let quoted = quotedKeys.get(key);
  if (quoted === undefined) {
    quoted = quote(key);
    if (quotedKeys.size < quotedKeysLimit) quotedKeys.set(key, quoted);
  }
  return quoted;
}

/** Arrays and maps in an attribute's value nest no deeper: each level costs a level of our own stack. */
export const deepestValue = 32;

/** An integer within an array or map, which are kept as JSON: a number, or text where a double does not hold it. */
export function nestedInteger(digits: string): number | string {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
}

/** Collects attributes; of equal keys, which OTLP forbids and a MAP cannot hold, the last one stays. */
export class AttributeText {
  readonly #keys: string[] = [];
  readonly #values: string[] = [];

  add(key: string, value: string): void {
    const at = this.#keys.indexOf(key);
    if (at < 0) {
      this.#keys.push(key);
      this.#values.push(value);
    } else {
      this.#values[at] = value;
    }
  }

  get(key: string): string | undefined {
    const at = this.#keys.indexOf(key);
    return at < 0 ? undefined : this.#values[at];
  }

  clear(): this {
    this.#keys.length = 0;
    this.#values.length = 0;
    return this;
  }

  toString(): string {
    let text = '{';
    for (let i = 0; i < this.#keys.length; i++) {
      text += `${i === 0 ? '' : ','}${quoteKey(this.#keys[i]!)}:${quote(this.#values[i]!)}`;
    }
    return `${text}}`;
  }
}
