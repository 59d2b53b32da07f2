/** Numbers as the command line has them. */
import { InvalidArgumentError } from 'commander';

/** For an option that counts. @throws InvalidArgumentError unless it is a whole number above 0 */
export function countOf(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('expected a whole number above 0');
}
