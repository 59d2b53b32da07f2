import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '#contract/random.ts';
import { assertNear } from './near.ts';
import { fitUsl, kneeOf, peakOf, type UslPoint, uslThroughput } from './usl.ts';

const points = (pairs: readonly (readonly [number, number])[]): UslPoint[] => pairs.map(([n, x]) => ({ n, x }));

/*
 * SPEC SDM91 on a Sun SPARCcenter 2000 with 16 processors: users and scripts per hour; Gunther, Guerrilla Capacity
 * Planning (2007), and the data set `specsdm91` of the R package usl by S. Möding. The fit is that package's, version 3
 * (non-linear least squares): its README and tests give α = 0.0277285, β = 0.0001044, γ = 89.9952, the peak at 97 users
 * and the quartiles of the residuals.
 */
const sdm91 = points([
  [1, 64.9],
  [18, 995.9],
  [36, 1652.4],
  [72, 1853.2],
  [108, 1828.9],
  [144, 1775.0],
  [216, 1702.2],
]);

test('SPEC SDM91 as the R package usl fits it', () => {
  const fit = fitUsl(sdm91)!;
  assertNear(fit.lambda, 89.9952382, 1e-6);
  assertNear(fit.sigma, 0.0277285, 1e-5);
  assertNear(fit.kappa, 0.0001044, 5e-4);
  const peak = peakOf(fit);
  assert.equal(Math.round(peak.n), 97);
  assertNear(kneeOf(fit), 1 / 0.0277285, 1e-5);
  const residuals = sdm91.map(({ n, x }) => x - uslThroughput(fit, n)).sort((a, b) => a - b);
  // R's quartiles of seven values lie between the second and third, and between the fifth and sixth.
  const quartiles = [
    residuals[0]!,
    (residuals[1]! + residuals[2]!) / 2,
    residuals[3]!,
    (residuals[4]! + residuals[5]!) / 2,
    residuals[6]!,
  ];
  assert.deepEqual(
    quartiles.map((r) => r.toFixed(1)),
    ['-81.7', '-48.3', '-25.1', '29.5', '111.1'],
  );
  // The published efficiencies X/(γN).
  assert.deepEqual(
    sdm91.map(({ n, x }) => (x / (fit.lambda * n)).toFixed(3)),
    ['0.721', '0.615', '0.510', '0.286', '0.188', '0.137', '0.088'],
  );
});

/* Data and result of `tests/coef.R` of the same package. */
test('a small table whose coefficients are 0.02, 0.02 and 1', () => {
  const fit = fitUsl(
    points([
      [1, 1],
      [2, 1.8868],
      [4, 3.0769],
      [6, 3.5294],
      [8, 3.5398],
      [10, 3.3557],
    ]),
  )!;
  for (const [value, expected] of [
    [fit.sigma, 0.02],
    [fit.kappa, 0.02],
    [fit.lambda, 1],
  ] as const) {
    assertNear(value, expected, 1e-3);
  }
  assertNear(peakOf(fit).n, 7, 1e-3);
});

const workers = [1, 2, 4, 8, 16, 32, 64, 128];

test('what follows the law is found again (seed 7)', () => {
  const coefficient = fc.double({ min: 0, max: 0.9, noNaN: true });
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 1e5, noNaN: true }),
      coefficient,
      fc.double({ min: 0, max: 0.05, noNaN: true }),
      (lambda, sigma, kappa) => {
        const fit = fitUsl(workers.map((n) => ({ n, x: uslThroughput({ lambda, sigma, kappa }, n) })))!;
        for (const n of workers) assertNear(uslThroughput(fit, n), uslThroughput({ lambda, sigma, kappa }, n), 1e-6);
        assert.ok(Math.abs(fit.sigma - sigma) < 1e-5 && Math.abs(fit.kappa - kappa) < 1e-6);
      },
    ),
    { seed: 7 },
  );
});

test('no contention: no knee and no peak', () => {
  const fit = fitUsl(workers.map((n) => ({ n, x: 12.5 * n })))!;
  assertNear(fit.lambda, 12.5, 1e-9);
  assert.ok(fit.sigma < 1e-9 && fit.kappa < 1e-12);
  assert.ok(kneeOf(fit) > 1e6);
});

test('throughput that flattens out has a knee, and bounds hold where noise would break them', () => {
  const fit = fitUsl(workers.map((n) => ({ n, x: uslThroughput({ lambda: 500, sigma: 0.5, kappa: -0.0005 }, n) })))!;
  assert.equal(fit.kappa, 0, 'free, it would be below 0');
  assert.deepEqual(peakOf(fit), { n: Infinity, x: fit.lambda / fit.sigma });
  assert.ok(kneeOf(fit) > 1 && kneeOf(fit) < 3);
  const retrograde = fitUsl(
    points([
      [1, 100],
      [2, 60],
      [4, 30],
      [8, 10],
    ]),
  )!;
  assert.ok(retrograde.sigma >= 0 && retrograde.kappa >= 0);
  assert.ok(peakOf(retrograde).n < 2);
});

test('no throughput below zero is made up', () => {
  const fit = fitUsl(
    points([
      [8, 100],
      [16, 60],
      [32, 40],
    ]),
  );
  assert.ok(
    fit === null || (fit.lambda > 0 && fit.sigma >= 0 && fit.kappa >= 0 && peakOf(fit).n >= 1),
    `${fit?.lambda}`,
  );
});

test('a step at which nothing was served tells where it collapses, as one that served next to nothing does', () => {
  const alive = workers
    .filter((n) => n < 64)
    .map((n) => ({ n, x: uslThroughput({ lambda: 100, sigma: 0.1, kappa: 0.0005 }, n) }));
  const dead = fitUsl([...alive, { n: 64, x: 0 }])!;
  const nearly = fitUsl([...alive, { n: 64, x: 1 }])!;
  assert.ok(peakOf(dead).n < peakOf(fitUsl(alive)!).n);
  assertNear(peakOf(dead).n, peakOf(nearly).n, 0.2);
});

test('no fit is better by least squares than the one found (seed 11)', () => {
  const random = seededRandom('usl/noise');
  for (let round = 0; round < 20; round++) {
    const noisy = workers.map((n) => ({
      n,
      x: uslThroughput({ lambda: 800, sigma: 0.2, kappa: 0.001 }, n) * (1 + 0.05 * random.normal()),
    }));
    const fit = fitUsl(noisy)!;
    const squares = (f: Parameters<typeof uslThroughput>[0]): number =>
      noisy.reduce((sum, { n, x }) => sum + (x - uslThroughput(f, n)) ** 2, 0);
    const best = squares(fit);
    assertNear(fit.residual_sd, Math.sqrt(best / (noisy.length - 3)), 1e-9);
    for (let i = 0; i < 200; i++) {
      const near = {
        lambda: fit.lambda * (1 + 0.02 * random.normal()),
        sigma: Math.max(0, fit.sigma * (1 + 0.05 * random.normal())),
        kappa: Math.max(0, fit.kappa * (1 + 0.05 * random.normal())),
      };
      assert.ok(squares(near) >= best * (1 - 1e-9));
    }
  }
});

test('too little to fit', () => {
  assert.equal(fitUsl([]), null);
  assert.equal(
    fitUsl(
      points([
        [1, 10],
        [2, 19],
        [2, 18],
      ]),
    ),
    null,
  );
  assert.equal(
    fitUsl(
      points([
        [1, 0],
        [2, 0],
        [4, 0],
      ]),
    ),
    null,
  );
  assert.throws(
    () =>
      fitUsl(
        points([
          [0, 10],
          [2, 19],
          [3, 18],
        ]),
      ),
    RangeError,
  );
  assert.throws(
    () =>
      fitUsl(
        points([
          [1, Number.NaN],
          [2, 19],
          [3, 18],
        ]),
      ),
    RangeError,
  );
});
