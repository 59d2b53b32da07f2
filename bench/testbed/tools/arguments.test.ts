import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { digestOf, gatherArguments, InvalidArguments } from './arguments.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

test('path id, query and body come together', () => {
  const args = gatherArguments('a/b', 'q=x%20y&n=3', '{"m":3,"list":[1,{"b":2,"a":1}]}');
  assert.deepEqual(
    [...args],
    [
      ['id', 'a/b'],
      ['q', 'x y'],
      ['n', '3'],
      ['m', 3],
      ['list', [1, { b: 2, a: 1 }]],
    ],
  );
});

test('the digest is over sorted JSON, so that neither order nor spaces matter, and values do', () => {
  const digest = digestOf(gatherArguments(undefined, '', '{"b": [1, {"d":4,"c":3}], "a": "x"}'));
  assert.equal(digest, sha('{"a":"x","b":[1,{"c":3,"d":4}]}'));
  assert.equal(digest, digestOf(gatherArguments(undefined, '', '{"a":"x","b":[1,{"c":3,"d":4}]}')));
  assert.notEqual(digest, digestOf(gatherArguments(undefined, '', '{"a":"x","b":[1,{"c":3,"d":5}]}')));
  assert.equal(digestOf(gatherArguments(undefined, '', '')), sha('{}'));
  assert.notEqual(digestOf(gatherArguments(undefined, 'n=3', '')), digestOf(gatherArguments(undefined, '', '{"n":3}')));
});

test('a name like __proto__ is an argument like any other', () => {
  const args = gatherArguments(undefined, '', '{"__proto__":{"a":1}}');
  assert.equal(digestOf(args), sha('{"__proto__":{"a":1}}'));
});

test('what cannot be read, or read in one way only, is refused', () => {
  for (const [id, query, body] of [
    [undefined, 'a=1&a=2', ''],
    ['x', 'id=y', ''],
    ['x', '', '{"id":"y"}'],
    [undefined, 'a=1', '{"a":1}'],
    [undefined, '', '{"a":'],
    [undefined, '', '[1]'],
    [undefined, '', 'null'],
    [undefined, '', '"text"'],
  ] as const) {
    assert.throws(() => gatherArguments(id, query, body), InvalidArguments, `${query} ${body}`);
  }
});

test('deep nesting is refused, not a stack overflow', () => {
  const depth = 30_000;
  const args = gatherArguments(undefined, '', `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
  assert.throws(() => digestOf(args), InvalidArguments);
  const fine = gatherArguments(undefined, '', `{"a":${'['.repeat(20)}${']'.repeat(20)}}`);
  assert.equal(digestOf(fine).length, 16);
});
