/** How long a call takes at the tool: a pure function of seed and call key, so that every arm meets the same. */
import type { ServiceTime } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { seededRandom } from '#contract/random.ts';

/** A lognormal has no end: past this, a draw would be a timeout and not a service time. */
const longest_ns = 30_000_000_000;

/** Planned service time of the call, whole ns; 0 where the tool answers at once. */
export function plannedServiceTime(time: ServiceTime, callKey: string): number {
  if (time.kind === 'instant') return 0;
  const z = seededRandom(`${time.seed}/${callKey}`).normal();
  return Math.min(longest_ns, Math.round(time.median_us * 1000 * Math.exp(time.sigma * z)));
}

/** @throws CONFIG where the distribution makes no sense */
export function checkServiceTime(time: ServiceTime): void {
  if (time.kind === 'instant') return;
  const isSound = time.median_us > 0 && time.median_us <= 10_000_000 && time.sigma >= 0 && time.sigma <= 3;
  if (isSound) return;
  throw new WeighbridgeError(
    'CONFIG',
    `a lognormal service time wants 0 < median_us ≤ 10,000,000 and 0 ≤ sigma ≤ 3, got ${time.median_us} and ${time.sigma}`,
    { where: 'service_time' },
  );
}
