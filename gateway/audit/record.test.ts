/** Records in canonical form. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { canonicalJson } from '#contract/json.ts';
import { Chain } from './chain.ts';
import { noRecord, parseRecord } from './record.ts';
import { recordOf } from './testing.ts';

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
