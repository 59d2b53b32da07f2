/**
 * How much a campaign runs, by profile. A p95 wants 300 kept calls a block and arm: 15 rounds of 20. Eight blocks give
 * a signed-rank interval of 96.1 %; below six there is none.
 */
import type { Condition, ProfileName, ProfileSpec, RealisticService } from './types.ts';

export const conditionOf = (service: Condition['service'], concurrency: number): Condition => ({
  service,
  concurrency,
  name: `${service}/c${concurrency}/http`,
});

/** The same in every profile, so that figures of different profiles can be set side by side. */
const slices = { slice_calls: 25, lead_in: 5, pause_ms: 20, max_duration_s: null };

export interface Profile {
  spec: ProfileSpec;
  workloads: string[];
  conditions: Condition[];
}

const bothServices = [conditionOf('instant', 1), conditionOf('realistic', 1)];

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  smoke: {
    spec: { name: 'smoke', blocks: 2, rounds: 2, intervals: false, settle_ms: 0, ...slices },
    workloads: ['tool-chain'],
    conditions: bothServices,
  },
  quick: {
    spec: { name: 'quick', blocks: 8, rounds: 15, intervals: true, settle_ms: 30_000, ...slices },
    workloads: ['tool-chain'],
    conditions: bothServices,
  },
};

export const profileNames = Object.keys(profiles) as ProfileName[];
/** Named in the contract, and not to be had in this release. */
export const laterProfiles: readonly string[] = ['standard', 'rigorous'];

export const realisticService: RealisticService = { median_us: 2_000, sigma: 0.4 };
