/** Status lists as they are read; the examples are the specification's (draft-ietf-oauth-status-list-21 §4.1, §4.2). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { StatusList, statusPlace } from './status-list.ts';

const validIn = (list: StatusList, count: number): number[] =>
  Array.from({ length: count }, (_, idx) => (list.isValid(idx) ? 0 : 1));

describe('a status list', () => {
  test('of one bit each', () => {
    const list = new StatusList({ bits: 1, lst: 'eNrbuRgAAhcBXQ' });
    assert.deepEqual(validIn(list, 16), [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
  });

  test('of two bits each: whatever is not valid, suspended too, is not to be sent', () => {
    const list = new StatusList({ bits: 2, lst: 'eNo76fITAAPfAgc' });
    // 1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3
    assert.deepEqual(validIn(list, 12), [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1]);
  });

  test('says nothing of a place that it does not have', () => {
    const list = new StatusList({ bits: 1, lst: 'eNrbuRgAAhcBXQ' });
    assert.throws(() => list.isValid(16), /ends before/);
    assert.throws(() => new StatusList({ bits: 2, lst: 'eNo76fITAAPfAgc' }).isValid(12), /ends before/);
  });

  test('that is none, or grows beyond measure, is refused', () => {
    for (const claim of [undefined, null, 'x', {}, { bits: 3, lst: 'eNrbuRgAAhcBXQ' }, { bits: 1, lst: 7 }])
      assert.throws(() => new StatusList(claim), /no status list/);
    assert.throws(() => new StatusList({ bits: 1, lst: 'bm90IGRlZmxhdGVk' }));
    const grown = deflateSync(Buffer.alloc(16_777_216)).toString('base64url');
    assert.ok(grown.length < 100_000);
    assert.throws(() => new StatusList({ bits: 1, lst: grown }), RangeError);
  });
});

test('a token names its place, or none', () => {
  const uri = 'https://as.example/statuslists/1';
  assert.deepEqual(statusPlace({ status_list: { idx: 0, uri } }), { uri, idx: 0 });
  for (const status_list of [{ idx: -1, uri }, { idx: 0.5, uri }, { idx: '1', uri }, { idx: 1 }, { idx: 1, uri: 'x' }])
    assert.equal(statusPlace({ status_list }), null);
  for (const status of [undefined, null, 'x', {}]) assert.equal(statusPlace(status), null);
});
