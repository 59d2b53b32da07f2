/** Ctrl-C is heeded between slices and between steps, never within one. */
import { WeighbridgeError } from '#contract/errors.ts';

export function stopIfAsked(signal: AbortSignal): void {
  if (signal.aborted) throw new WeighbridgeError('STOPPED', 'stopped by the user');
}
