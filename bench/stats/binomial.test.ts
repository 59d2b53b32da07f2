import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clopperPearson, upperBound } from './binomial.ts';
import { assertNear } from './near.ts';

/* By bisection on binomial tails in exact fractions (Python). 0.0490, 0.1762 for 10 of 100 stands in many textbooks. */
test('Clopper–Pearson intervals', () => {
  const known: [number, number, number, number, number][] = [
    [0, 10, 0.95, 0, 0.3084971078187608],
    [1, 10, 0.95, 0.002528578544461784, 0.445016117028195],
    [3, 10, 0.95, 0.06673951117773447, 0.652452850059997],
    [10, 100, 0.95, 0.04900468922148596, 0.1762225977400227],
    [99, 100, 0.95, 0.9455406146079194, 0.9997468539670226],
    [7, 7, 0.95, 0.5903836027749966, 1],
    [2, 24, 0.9, 0.015011778763587409, 0.2398010161288018],
  ];
  for (const [k, n, level, lo, hi] of known) {
    const interval = clopperPearson(k, n, level);
    assertNear(interval[0], lo, 1e-12);
    assertNear(interval[1], hi, 1e-12);
  }
  assert.deepEqual(clopperPearson(0, 0, 0.95), [0, 1]);
});

test('coverage is never below the level: exact enumeration, n up to 40, 199 shares', () => {
  for (const n of [1, 2, 5, 8, 13, 24, 40]) {
    for (const level of [0.9, 0.95]) {
      const intervals = Array.from({ length: n + 1 }, (_, k) => clopperPearson(k, n, level));
      for (let step = 1; step < 200; step++) {
        const share = step / 200;
        let covered = 0;
        let mass = (1 - share) ** n;
        for (let k = 0; k <= n; k++) {
          const [lo, hi] = intervals[k]!;
          if (lo <= share && share <= hi) covered += mass;
          mass *= ((n - k) / (k + 1)) * (share / (1 - share));
        }
        assert.ok(covered >= level - 1e-12, `n ${n}, share ${share}, level ${level}: ${covered}`);
      }
    }
  }
});

test('more events, a higher interval; and it holds the observed share', () => {
  for (let k = 0; k < 30; k++) {
    const [lo, hi] = clopperPearson(k, 30, 0.95);
    const next = clopperPearson(k + 1, 30, 0.95);
    assert.ok(lo <= k / 30 && k / 30 <= hi && lo < next[0] && hi < next[1] + (hi === 1 ? 1 : 0));
    const mirrored = clopperPearson(30 - k, 30, 0.95);
    assertNear(1 - mirrored[1], lo, 1e-11);
  }
});

/* (1 − bound)^n must be 5 %. Hanley & Lippman-Hand (1983): below 3/n, and by less than 0.01 from n = 30 on. */
test('zero events leave an upper bound, close to three over n', () => {
  assertNear(upperBound(1, 0.95), 0.95, 1e-14);
  assertNear(upperBound(10, 0.95), 1 - 0.05 ** 0.1, 1e-13);
  for (const n of [30, 100, 3000, 1e6]) {
    const bound = upperBound(n, 0.95);
    assert.ok(bound < 3 / n && 3 / n - bound < 0.01);
    assertNear((1 - bound) ** n, 0.05, 1e-9);
  }
  assert.equal(upperBound(0, 0.95), 1);
  // One-sided at 97.5 % is the upper end of the two-sided 95 %.
  assertNear(upperBound(12, 0.975), clopperPearson(0, 12, 0.95)[1], 1e-12);
});

test('counts that are none are refused', () => {
  for (const [k, n] of [
    [-1, 5],
    [6, 5],
    [1.5, 5],
    [0, -1],
    [NaN, 5],
  ] as const) {
    assert.throws(() => clopperPearson(k, n, 0.95), RangeError);
  }
  assert.throws(() => clopperPearson(1, 5, 95), RangeError);
  assert.throws(() => upperBound(2.5, 0.95), RangeError);
});
