/**
 * How much load each profile puts on the arms. The recipe: an open-loop step of 10 s or more that keeps 2,000 calls, since
 * a p99 rests on the twenty slowest of them; what is shorter says so. Blocks are few, since one of them takes each arm
 * through every step: six give an interval.
 */
import type { LoadShape } from '#contract/manifest.ts';

/** Above the 2,000 that a p99 wants by four standard deviations of a Poisson count. */
const leastCalls = 2_200;
const common = { discard: 0.2, max_in_flight: 1_000 };

const shapes = {
  smoke: {
    short: 'steps of a second, to see that everything runs: no figure is estimated from so few calls',
    blocks: 2,
    rates_per_s: [50, 200],
    least_s: 1,
    least_calls: 1,
    workers: [1, 2, 4],
    closed_s: 0.3,
    warm_up_calls: 50,
    ...common,
  },
  quick: {
    short: 'steps of 5 s in place of 10, in two blocks, so that there is no interval',
    blocks: 2,
    rates_per_s: [250, 500, 1_000, 2_000],
    least_s: 5,
    least_calls: leastCalls,
    workers: [1, 2, 4, 8, 16, 32, 64],
    closed_s: 1,
    warm_up_calls: 1_000,
    ...common,
  },
  standard: {
    short: null,
    blocks: 6,
    rates_per_s: [100, 250, 500, 1_000, 1_500, 2_000, 3_000],
    least_s: 10,
    least_calls: leastCalls,
    workers: [1, 2, 4, 8, 16, 32, 64],
    closed_s: 3,
    warm_up_calls: 2_000,
    ...common,
  },
} satisfies Record<string, LoadShape>;

/** A profile that is more than the standard one repeats the standard steps. */
export const loadShapeOf = (profile: string): LoadShape =>
  Object.hasOwn(shapes, profile) ? shapes[profile as keyof typeof shapes] : shapes.standard;

/** One connection for the time of a request alone, more for what goes through. */
const probes = {
  smoke: { connections: [1, 4], duration_s: 0.5 },
  quick: { connections: [1, 16], duration_s: 3 },
  standard: { connections: [1, 4, 16, 64], duration_s: 5 },
};

/** Twice what the fastest tier gets through in that time. */
const mostSamples = 200_000;

export const probeShapeOf = (profile: string): NonNullable<LoadShape['probe']> => ({
  ...(Object.hasOwn(probes, profile) ? probes[profile as keyof typeof probes] : probes.standard),
  timeout_s: 10,
  max_samples: mostSamples,
});

/** Smoke is to take 45 s and quick 5 minutes, which leaves no room: there the phase is run where it is asked for. */
export const hasLoadByDefault = (profile: string): boolean => loadShapeOf(profile).short === null;
