/** How a claim on a figure of one arm names its arm, where others name a comparison. */

/** No comparison has a name with a colon that begins so. */
const prefix = 'arm:';

export const compareOfArm = (arm: string): string => `${prefix}${arm}`;

/** Null where it names a comparison. */
export const armOfClaim = (compare: string): string | null =>
  compare.startsWith(prefix) ? compare.slice(prefix.length) : null;
