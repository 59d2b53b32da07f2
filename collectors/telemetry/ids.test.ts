import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdSource } from './ids.ts';

test('ids are of the right length, lower-case, unique, and differ between processes from the first digits on', () => {
  for (const digits of [16, 32] as const) {
    const [one, other] = [new IdSource(digits), new IdSource(digits)];
    const ids = Array.from({ length: 20_000 }, () => one.next());
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, new RegExp(`^[0-9a-f]{${digits}}$`));
    assert.notEqual(other.next().slice(0, digits - 6), ids[0]!.slice(0, digits - 6));
  }
});

test('an id follows the one before', () => {
  const source = new IdSource(16, 0xabcfff);
  const [first, second] = [source.next(), source.next()];
  assert.equal(first.slice(10), 'abcfff');
  assert.equal(second.slice(10), 'abd000');
  assert.equal(second.slice(0, 10), first.slice(0, 10));
});

test('when the counter runs over, the prefix is new: no id comes twice', () => {
  const source = new IdSource(32, 2 ** 24 - 2);
  const ids = [source.next(), source.next(), source.next(), source.next()];
  assert.deepEqual(
    ids.map((id) => id.slice(26)),
    ['fffffe', 'ffffff', '000000', '000001'],
  );
  assert.equal(ids[1]!.slice(0, 26), ids[0]!.slice(0, 26));
  assert.notEqual(ids[2]!.slice(0, 26), ids[0]!.slice(0, 26));
  assert.equal(ids[3]!.slice(0, 26), ids[2]!.slice(0, 26));
});
