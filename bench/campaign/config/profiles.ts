/**
 * How much a campaign runs, by profile. A p95 wants 300 kept calls a block and arm: 15 rounds of 20. Eight blocks give
 * a signed-rank interval of 96.1 %; below six there is none.
 */
import { precisions } from '#contract/precision.ts';
import { trialsForAbsence } from '#contract/security.ts';
import type { Condition, ProfileName, ProfileSpec, RealisticService, Settle } from './types.ts';

export const conditionOf = (
  service: Condition['service'],
  concurrency: number,
  protocol: Condition['protocol'] = 'http',
): Condition => ({ service, concurrency, protocol, name: `${service}/c${concurrency}/${protocol}` });

/** The same in every profile, so that figures of different profiles can be set side by side. */
const slices = { slice_calls: 25, lead_in: 5, pause_ms: 20, max_duration_s: null };

/** A quick campaign is to end soon. */
const brief: Settle = { quiet_s: 1, at_most_ms: 30_000, between_slices_ms: 30_000, in_a_round_ms: 30_000 };
/** One that is to decide can wait: bursts of other machines can void more than a tenth of the blocks. */
const patient: Settle = { quiet_s: 3, at_most_ms: 300_000, between_slices_ms: 300_000, in_a_round_ms: 50_000 };

/**
 * How often the race study tries the hardened agent, over all gaps, at least. The other profiles make the trials of every
 * gap and strategy alone.
 */
export const hardenedTrials: Readonly<Partial<Record<ProfileName, number>>> = {
  standard: trialsForAbsence,
  rigorous: trialsForAbsence,
};

export interface Profile {
  spec: ProfileSpec;
  workloads: string[];
  conditions: Condition[];
}

const bothServices = [conditionOf('instant', 1), conditionOf('realistic', 1)];

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  smoke: {
    spec: {
      name: 'smoke',
      blocks: 2,
      rounds: 2,
      intervals: false,
      settle: { quiet_s: 0, at_most_ms: 0, between_slices_ms: 0, in_a_round_ms: 0 },
      pilot: null,
      ...slices,
    },
    workloads: ['tool-chain'],
    conditions: bothServices,
  },
  quick: {
    spec: { name: 'quick', blocks: 8, rounds: 15, intervals: true, settle: brief, pilot: null, ...slices },
    workloads: ['tool-chain'],
    conditions: bothServices,
  },
  // Sizes by Stein's two stages (bench/stats/sampleSize.ts): a pilot of 12 knows the spread well enough.
  standard: {
    spec: {
      name: 'standard',
      blocks: 60,
      rounds: 30,
      intervals: true,
      settle: patient,
      pilot: { blocks: 12, min: 20, precision: precisions.standard },
      ...slices,
    },
    workloads: ['tool-chain'],
    conditions: bothServices,
  },
  rigorous: {
    spec: {
      name: 'rigorous',
      blocks: 120,
      rounds: 30,
      intervals: true,
      settle: patient,
      pilot: { blocks: 12, min: 40, precision: precisions.rigorous },
      ...slices,
    },
    workloads: ['tool-chain', 'assistant-day'],
    conditions: [...bothServices, conditionOf('realistic', 4)],
  },
};

export const profileNames = Object.keys(profiles) as ProfileName[];

export const realisticService: RealisticService = { median_us: 2_000, sigma: 0.4 };
