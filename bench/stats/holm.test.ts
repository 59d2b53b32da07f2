import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { holmAdjusted } from './holm.ts';
import { assertNear } from './near.ts';

const seed = 1979;

/* p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") in R; by hand: 5 × 0.01, 4 × 0.02, 3 × 0.03, then held up. */
test('Holm by hand', () => {
  const adjusted = holmAdjusted([0.05, 0.01, 0.04, 0.02, 0.03]);
  [0.09, 0.05, 0.09, 0.08, 0.09].forEach((p, i) => {
    assertNear(adjusted[i]!, p);
  });
  assert.deepEqual(holmAdjusted([]), []);
  assert.deepEqual(holmAdjusted([0.7, 0.8]), [1, 1]);
  for (const p of [-0.1, 1.1, NaN]) assert.throws(() => holmAdjusted([p]), RangeError);
});

/* Marcus, Peritz & Gabriel, Biometrika 63 (1976): Holm is the closed test with Bonferroni on every subset. */
test(`Holm equals the closed Bonferroni test over all subsets (seed ${seed})`, () => {
  const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(pValues, (ps) => {
      const closed = ps.map((_, i) => {
        let worst = 0;
        for (let subset = 0; subset < 1 << ps.length; subset++) {
          if (!(subset & (1 << i))) continue;
          const members = ps.filter((_, j) => subset & (1 << j));
          worst = Math.max(worst, Math.min(1, members.length * Math.min(...members)));
        }
        return worst;
      });
      assert.deepEqual(holmAdjusted(ps), closed);
    }),
    { seed },
  );
});
