declare const ascending: unique symbol;

/** Samples in ascending order. The brand makes a quantile of unsorted data a type error. */
export type SortedSamples = Omit<
  Readonly<Float64Array>,
  'set' | 'fill' | 'sort' | 'reverse' | 'copyWithin' | 'subarray' | 'buffer'
> & { readonly [ascending]: true };

/**
 * Copies and sorts. +Infinity stands for a failure: it ranks above every success. NaN has no rank, so it is a
 * RangeError; the argument is left as it was.
 */
export function sortSamples(xs: ArrayLike<number>): SortedSamples {
  const copy = Float64Array.from(xs);
  for (let i = 0; i < copy.length; i++) {
    if (Number.isNaN(copy[i])) throw new RangeError(`sample ${i} is not a number`);
  }
  return copy.sort() as unknown as SortedSamples;
}
