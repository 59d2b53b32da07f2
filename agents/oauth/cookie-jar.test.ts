import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CookieJar } from './cookie-jar.ts';

const url = (path: string): URL => new URL(path, 'http://127.0.0.1:1');

test('cookies go to their path and below, longer paths first', () => {
  const jar = new CookieJar();
  jar.store(['a=1; path=/', 'b=2; path=/auth/x; httponly'], url('/auth'));
  assert.equal(jar.header(url('/auth/x')), 'b=2; a=1');
  assert.equal(jar.header(url('/auth/x/y')), 'b=2; a=1');
  assert.equal(jar.header(url('/auth/xy')), 'a=1');
});

test('a cookie without a path belongs to the directory of its request', () => {
  const jar = new CookieJar();
  jar.store('a=1', url('/interaction/7'));
  assert.equal(jar.header(url('/interaction/8')), 'a=1');
  assert.equal(jar.header(url('/auth')), undefined);
});

test('a cookie is replaced, and ended by a past date or max-age', () => {
  const jar = new CookieJar();
  jar.store(['a=1; path=/', 'b=1; path=/'], url('/'));
  jar.store('a=2; path=/', url('/'));
  assert.equal(jar.header(url('/')), 'a=2; b=1');
  jar.store(['a=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT', 'b=; path=/; max-age=0'], url('/'));
  assert.equal(jar.header(url('/')), undefined);
});
