/** Records in canonical form; RFC 8785's own sample of sorting and escaping. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { Chain } from './chain.ts';
import { canonicalJson, noRecord, parseRecord } from './record.ts';
import { recordOf } from './testing.ts';

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
    const order = Object.values(JSON.parse(canonicalJson(value)) as Record<string, string>);
    // An integer-like member is the first of an object in ECMAScript, whatever the text says: compare the text.
    assert.equal(order.length, 7);
    const text = canonicalJson(value);
    const places = ['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji', 'Hebrew'].map((word) => text.indexOf(word));
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
    assert.ok(text.startsWith('{"\\r":"Carriage Return","1":"One",'));
  });

  test('strings, nesting and literals (RFC 8785 §3.2.2)', () => {
    const value = { b: [null, true, false, { z: 1, a: -7 }], a: '\u20ac$\u000f\nA\'B"\\\\"/' };
    assert.equal(
      canonicalJson(value),
      '{"a":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/","b":[null,true,false,{"a":-7,"z":1}]}',
    );
  });

  test('what has no canonical form is refused', () => {
    for (const value of [1.5, Number.NaN, 2 ** 53, '\ud800', undefined, { a: undefined }, { '\udc00': 1 }]) {
      assert.throws(() => canonicalJson(value), TypeError);
    }
  });
});

describe('chained records', () => {
  test('each line is canonical and names the digest of the one before', () => {
    const chain = new Chain();
    const lines = [0, 1, 2].map((i) => chain.append(recordOf({ reason: `"${i}" \u2028 ü \ud800 end` })));
    let prev = noRecord;
    for (const [i, line] of lines.entries()) {
      const record = parseRecord(line);
      assert.ok(record, line);
      assert.equal(line, canonicalJson(record));
      assert.deepEqual([record.seq, record.prev], [i, prev]);
      prev = createHash('sha256').update(line).digest('hex');
    }
    assert.equal(chain.prev, prev);
  });

  test('a line that is not exactly a record is none', () => {
    const line = new Chain().append(recordOf({}));
    assert.ok(parseRecord(line));
    for (const bad of [
      `${line} `,
      line.replace('{', '{ '),
      line.replace('"seq":0', '"seq":0.5'),
      line.replace('"seq":0', '"seq":-1'),
      line.replace('"decision":"allow"', '"decision":"maybe"'),
      line.replace('"event":"request",', ''),
      line.replace('"agent":"agent",', '"agent":"agent","agent":"agent",'),
      line.replace('}', ',"zz":1}'),
      'null',
      '[]',
      '',
    ]) {
      assert.equal(parseRecord(bad), undefined, bad);
    }
  });
});
