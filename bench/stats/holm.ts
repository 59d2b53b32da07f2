/**
 * Adjusted p-values of Holm's step-down procedure, in the order given: reject those ≤ α and the chance of any false
 * rejection is at most α, whatever the dependence. Holm, "A simple sequentially rejective multiple test procedure",
 * Scandinavian Journal of Statistics 6 (1979) 65–70. Only for "which workloads differ"; verdicts need none.
 */
export function holmAdjusted(pValues: readonly number[]): number[] {
  for (const p of pValues) if (!(p >= 0 && p <= 1)) throw new RangeError(`a p-value lies in [0, 1], got ${p}`);
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i]! - pValues[j]! || i - j);
  const adjusted = new Array<number>(pValues.length);
  let highest = 0;
  order.forEach((index, rank) => {
    highest = Math.max(highest, Math.min(1, (order.length - rank) * pValues[index]!));
    adjusted[index] = highest;
  });
  return adjusted;
}
