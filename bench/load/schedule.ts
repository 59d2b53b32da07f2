/** When calls are due, as data: pure functions of a schedule and a seeded stream. All arms of a block get the same one. */
import type { Random } from '#contract/random.ts';

/** `even`: equal gaps at a constant rate; `poisson`: independent arrivals, as from many users. */
export type Arrivals = 'even' | 'poisson';

/** Rates are calls per second, durations seconds. */
export type Schedule =
  | { kind: 'constant'; rate_per_s: number; duration_s: number }
  | { kind: 'poisson'; rate_per_s: number; duration_s: number }
  | { kind: 'ramp'; from_per_s: number; to_per_s: number; duration_s: number; arrivals: Arrivals }
  | { kind: 'step'; rates_per_s: readonly number[]; each_s: number; arrivals: Arrivals };

/** A stretch over which the rate goes straight from one value to another. */
interface Stretch {
  from_per_s: number;
  to_per_s: number;
  duration_s: number;
}

/** Beyond this a schedule is a mistake, and its list would fill the memory. */
const mostCalls = 5_000_000;

/** Arrivals this close to the end are rounding: 10 calls a second for 0.3 s are three. */
const rounding = 1e-9;

/**
 * Due times after the start, ascending whole ns, all before the schedule's end. Arrivals of rate 1 (every 1, or by
 * exponential gaps) are carried over by the inverse of the expected number of calls so far: Çinlar, Introduction to
 * Stochastic Processes (1975) ch. 4 §7. An even schedule begins with a call at 0 and draws nothing.
 * @throws RangeError for rates or durations that are none, or more than 5 million calls
 */
export function dueTimes(schedule: Schedule, random: Random): Float64Array {
  const stretches = stretchesOf(schedule);
  const totals = stretches.map(callsIn);
  const total = totals.reduce((sum, calls) => sum + calls, 0);
  if (!(total > 0 && total <= mostCalls))
    throw new RangeError(`a schedule of ${total} calls: up to ${mostCalls} are possible`);
  const due_ns: number[] = [];
  const gap = arrivalsOf(schedule) === 'even' ? () => 1 : () => -Math.log(1 - random.next());
  let at = arrivalsOf(schedule) === 'even' ? 0 : gap();
  let begun_s = 0;
  let before = 0;
  for (const [i, stretch] of stretches.entries()) {
    const calls = totals[i]!;
    // The last stretch alone has an end that nothing follows.
    const end = i === stretches.length - 1 ? before + calls - rounding : before + calls;
    for (; at < end; at += gap()) due_ns.push(Math.round((begun_s + timeOf(stretch, at - before)) * 1e9));
    before += calls;
    begun_s += stretch.duration_s;
  }
  return Float64Array.from(due_ns);
}

/** Seconds of a step at this rate, so that `kept` calls are left when its first `discard` is taken off: at least `least_s`. */
export function stepDuration_s(step: { rate_per_s: number; kept: number; discard: number; least_s: number }): number {
  const { rate_per_s, kept, discard, least_s } = step;
  return Math.max(least_s, Math.ceil(kept / (1 - discard) / rate_per_s));
}

function stretchesOf(schedule: Schedule): Stretch[] {
  switch (schedule.kind) {
    case 'ramp':
      return [schedule].map(checked);
    case 'step':
      return schedule.rates_per_s
        .map((rate) => ({ from_per_s: rate, to_per_s: rate, duration_s: schedule.each_s }))
        .map(checked);
    default: {
      const { rate_per_s, duration_s } = schedule;
      return [checked({ from_per_s: rate_per_s, to_per_s: rate_per_s, duration_s })];
    }
  }
}

const arrivalsOf = (schedule: Schedule): Arrivals => {
  if (schedule.kind === 'constant') return 'even';
  return schedule.kind === 'poisson' ? 'poisson' : schedule.arrivals;
};

function checked(stretch: Stretch): Stretch {
  const { from_per_s, to_per_s, duration_s } = stretch;
  for (const rate of [from_per_s, to_per_s]) {
    if (!(rate >= 0 && Number.isFinite(rate)))
      throw new RangeError(`a rate is 0 or more calls per second, got ${rate}`);
  }
  if (!(duration_s > 0 && Number.isFinite(duration_s)))
    throw new RangeError(`a duration is positive, got ${duration_s} s`);
  return stretch;
}

const callsIn = ({ from_per_s, to_per_s, duration_s }: Stretch): number => ((from_per_s + to_per_s) / 2) * duration_s;

/** Seconds into the stretch by which this many calls are expected: the root of from·t + (to − from)·t²/2T = calls. */
function timeOf({ from_per_s, to_per_s, duration_s }: Stretch, calls: number): number {
  if (calls <= 0) return 0;
  const slope = (to_per_s - from_per_s) / duration_s;
  // This form of the root has no difference of nearly equal numbers, and holds for a slope of 0.
  return (2 * calls) / (from_per_s + Math.sqrt(Math.max(0, from_per_s ** 2 + 2 * slope * calls)));
}
