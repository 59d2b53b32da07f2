import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkServiceTime, plannedServiceTime } from './service_time.ts';

const realistic = { kind: 'lognormal', seed: 's', median_us: 5_000, sigma: 0.5 } as const;
const draws = (time: Parameters<typeof plannedServiceTime>[0], n: number): number[] =>
  Array.from({ length: n }, (_, i) => plannedServiceTime(time, `call-${i}`));

test('the same seed and key draw the same time, in any order; another seed or key another one', () => {
  const first = draws(realistic, 200);
  assert.deepEqual(
    Array.from({ length: 200 }, (_, i) => plannedServiceTime(realistic, `call-${199 - i}`)).reverse(),
    first,
  );
  assert.equal(new Set(first).size, 200);
  assert.notDeepEqual(draws({ ...realistic, seed: 't' }, 200), first);
});

test('this very time comes out, on every machine and in every release', () => {
  // From an independent implementation of xoshiro128**, Box–Muller and the lognormal in Python.
  assert.deepEqual(draws(realistic, 3), [4_593_726, 6_175_367, 10_079_873]);
});

test('draws are lognormal: median and spread of the logarithm are as asked', () => {
  const n = 4_000;
  const logs = draws(realistic, n).map((ns) => Math.log(ns / 5_000_000));
  const mean = logs.reduce((a, b) => a + b) / n;
  const sd = Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1));
  // Five standard errors of mean and standard deviation; the draws are fixed by the seed.
  assert.ok(Math.abs(mean) < (5 * 0.5) / Math.sqrt(n), `mean ${mean}`);
  assert.ok(Math.abs(sd - 0.5) < (5 * 0.5) / Math.sqrt(2 * n), `sd ${sd}`);
});

test('instant is instant, and no draw is endless', () => {
  assert.equal(plannedServiceTime({ kind: 'instant' }, 'x'), 0);
  assert.ok(Math.max(...draws({ ...realistic, median_us: 10_000_000, sigma: 3 }, 100)) <= 30_000_000_000);
});

test('a distribution that makes no sense is refused', () => {
  for (const wrong of [{ median_us: 0 }, { median_us: -1 }, { sigma: -0.1 }, { sigma: 4 }, { median_us: Number.NaN }]) {
    assert.throws(() => checkServiceTime({ ...realistic, ...wrong }), { code: 'CONFIG' });
  }
});
