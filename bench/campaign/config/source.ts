/**
 * The text of a campaign.yaml: parsed strictly, with the place of every key and value. What YAML allows and a campaign
 * has no use for (tags, anchors, several documents, keys that are no strings) is refused, and with it the attacks that
 * live there: an alias that expands without end, a tag that builds objects.
 */
import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLParseError,
} from 'yaml';
import type { Path, Place, Problem } from './problems.ts';

/** Far above any real file. */
export const maxText_bytes = 256 * 1024;

export interface Source {
  /** The content as plain data; undefined where problems stand in the way of reading it. */
  data: unknown;
  problems: Problem[];
  /** Place of a key, or of a value; of the nearest thing around it where it is not there. */
  locate(path: Path, what: 'key' | 'value'): Place;
}

export function readSource(text: string): Source {
  const size = Buffer.byteLength(text);
  if (size > maxText_bytes) return refused(`${size} bytes`, `at most ${maxText_bytes} bytes`);
  try {
    return parseText(text);
  } catch (error) {
    // The composer recurses: brackets or dashes by the thousand exhaust the stack before anything is read.
    if (error instanceof RangeError) return refused(syntaxErrors.RESOURCE_EXHAUSTION, wellFormed);
    throw error;
  }
}

const top = { line: 1, column: 1 };
const refused = (found: string, expected: string): Source => ({
  data: undefined,
  problems: [{ path: [], at: top, found, expected }],
  locate: () => top,
});

function parseText(text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    prettyErrors: false,
    // Not 'silent': that would let a second document pass.
    logLevel: 'error',
  });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const contents = document.contents as Node | null;
  const problems = document.errors.length > 0 ? syntaxProblems(document.errors, placeOf) : strangers(contents, placeOf);
  return {
    data: problems.length > 0 ? undefined : (document.toJS() ?? {}),
    problems,
    locate: (path, what) => placeOf(offsetOf(contents, path, what)),
  };
}

/** Where the library's own words would send the reader to its interface. */
const syntaxErrors = {
  MULTIPLE_DOCS: 'a second document (---)',
  DUPLICATE_KEY: 'a key that stands here twice',
  RESOURCE_EXHAUSTION: 'nesting without end',
};
const wellFormed = 'well-formed YAML';

/** Repeated keys are all told; of other errors the first alone, since one broken line breaks those below it. */
function syntaxProblems(errors: readonly YAMLParseError[], placeOf: (offset: number) => Place): Problem[] {
  const others = errors.filter((e) => e.code !== 'DUPLICATE_KEY');
  return (others.length > 0 ? others.slice(0, 1) : errors).map((e) => ({
    path: [],
    at: placeOf(e.pos[0]),
    found: syntaxErrors[e.code as keyof typeof syntaxErrors] ?? e.message,
    expected: wellFormed,
  }));
}

/** Things of YAML that a campaign has no use for. */
function strangers(contents: Node | null, placeOf: (offset: number) => Place): Problem[] {
  const problems: Problem[] = [];
  const note = (node: Node | null, found: string, expected: string): void => {
    problems.push({ path: [], at: placeOf(node?.range?.[0] ?? 0), found, expected });
  };
  visit(contents, {
    Node(_, node) {
      if (isAlias(node)) note(node, 'an alias (*)', 'the value written out');
      else if (node.anchor) note(node, 'an anchor (&)', 'the value written out');
      if (node.tag) note(node, `the tag ${node.tag}`, 'a plain value');
    },
    Pair(_, pair) {
      const key = isNode(pair.key) ? pair.key : null;
      if (!isScalar(key) || typeof key.value !== 'string') note(key, 'a key that is no text', 'a name');
      else if (key.value === '__proto__') note(key, 'the key __proto__', 'another name');
    },
  });
  return problems;
}

/** Offset in the text of what stands at a path. */
function offsetOf(contents: Node | null, path: Path, what: 'key' | 'value'): number {
  let node: Node | null = contents;
  let offset = 0;
  for (const [depth, key] of path.entries()) {
    const wantsKey = what === 'key' && depth === path.length - 1;
    const item: unknown = isMap(node)
      ? node.items.find((pair) => isPair(pair) && isScalar(pair.key) && pair.key.value === key)
      : isSeq(node)
        ? node.items[Number(key)]
        : undefined;
    const value: unknown = isPair(item) ? item.value : item;
    const keyNode: unknown = isPair(item) ? item.key : undefined;
    const keyAt = isNode(keyNode) ? keyNode.range?.[0] : undefined;
    const valueAt = isNode(value) ? value.range?.[0] : undefined;
    const at = wantsKey ? (keyAt ?? valueAt) : (valueAt ?? keyAt);
    if (at === undefined) break;
    offset = at;
    node = isNode(value) ? value : null;
  }
  return offset;
}
