/**
 * Refresh queue: at most one redemption of a grant's refresh token at a time (norm 6). The authority rotates the refresh
 * token at each use and takes a second use of the same one for theft (RFC 9700 §4.14.2): without a queue, two at once
 * end the grant.
 */

/** Runs jobs, one at a time or not. */
export type Line = <T>(job: () => Promise<T>) => Promise<T>;

/** One after the other, in the order in which they came; a job that fails holds up no other. */
export function refreshQueue(): Line {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const turn = last.then(job);
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** Of an agent that does not serialize. */
export const noQueue: Line = (job) => job();
