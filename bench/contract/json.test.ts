import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { canonicalJson, formatJson } from './json.ts';

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

describe('canonical JSON', () => {
  test('members are sorted by UTF-16 code units (RFC 8785 §3.2.3)', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    assert.equal(
      canonicalJson(value),
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",' +
        '"\u20ac":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  test('strings, nesting and literals (RFC 8785 §3.2.2)', () => {
    const value = { b: [null, true, false, { z: 1, a: -7 }], a: '\u20ac$\u000f\nA\'B"\\\\"/' };
    assert.equal(
      canonicalJson(value),
      '{"a":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/","b":[null,true,false,{"a":-7,"z":1}]}',
    );
  });

  test('integers have one form each, and nothing is a list or a map by chance', () => {
    assert.equal(canonicalJson([-0, 1e3, 2 ** 53 - 1, -(2 ** 53 - 1)]), '[0,1000,9007199254740991,-9007199254740991]');
    assert.deepEqual([canonicalJson([]), canonicalJson({})], ['[]', '{}']);
  });

  test('its digest is that of the text in UTF-8, whatever the order of members', () => {
    const digest = (value: unknown): string => hash('sha256', canonicalJson(value));
    const known = '0f508b9fe48d6b7ba939a62a611e7d225f233cca9a70c0a8046068457351faf1';
    assert.equal(digest({ a: '\u00f6', b: [1, 2] }), known);
    assert.equal(digest({ b: [1, 2], a: '\u00f6' }), known);
    assert.notEqual(digest({ b: [2, 1], a: '\u00f6' }), known);
  });

  test('what has no canonical form is refused', () => {
    for (const value of [1.5, Number.NaN, 2 ** 53, '\ud800', undefined, { a: undefined }, { '\udc00': 1 }, 1n]) {
      assert.throws(() => canonicalJson(value), TypeError);
    }
  });
});
