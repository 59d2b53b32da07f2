import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatJson } from './json.ts';

test('a line per key and per element of a list, and nothing is lost', () => {
  const value = { a: [{ b: 1, c: [2, 3] }, { b: 'x "y"' }], d: {}, e: [], f: null, g: undefined, h: { i: [1] } };
  const text = formatJson(value);
  assert.equal(
    text,
    '{\n"a": [\n{"b":1,"c":[2,3]},\n{"b":"x \\"y\\""}\n],\n"d": {},\n"e": [],\n"f": null,\n"h": {\n"i": [1]\n}\n}\n',
  );
  assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
});

test('deeper levels are broken on demand', () => {
  assert.equal(formatJson({ a: { b: [1, 2] } }, 3), '{\n"a": {\n"b": [\n1,\n2\n]\n}\n}\n');
});
