/** What is recorded: the smallest campaign whose p95 is estimated, on equals and on a known increment. */
import { type CampaignConfig, parseCampaign } from '../campaign/config/index.ts';
import { planInputOf } from '../campaign/input.ts';
import type { PlanInput } from '../campaign/plan.ts';
import { workloads } from '../workloads/index.ts';

export const equals = { arm: 'direct-b', baseline: 'direct' } as const;
/**
 * Two placebos, so that the hop and the injector stand in both, and long waits in both, so that both have cooled: what is left
 * between them is the delay. Between 0 and 0.25 ms there is more: to be woken costs time, and how much follows the CPU's speed.
 */
export const increment = { arm: 'placebo-8ms', baseline: 'placebo-7ms' } as const;
export const hop = { arm: 'placebo-0ms', baseline: equals.baseline } as const;

/** `campaign.yaml` of a part. Rounds, slices, pauses and gates are those of `quick`: 300 kept calls a block and arm. */
export const recordedYaml = `version: 1
question: Do the intervals hold what they promise?
profile: quick
arms:
  direct: {agent: builtin, controls: off}
  direct-b: {agent: builtin, controls: off}
  placebo-0ms: {agent: builtin, controls: off, gateway: passthrough, delay_ms: 0}
  placebo-7ms: {agent: builtin, controls: off, gateway: passthrough, delay_ms: 7}
  placebo-8ms: {agent: builtin, controls: off, gateway: passthrough, delay_ms: 8}
workloads: [tool-chain]
conditions: [{service: instant, concurrency: 1}]
`;

export interface PartOptions {
  seed: string;
  blocks: number;
  /** Rounds a block; absent: those of the profile. Fewer leave no p95 to be estimated. */
  rounds?: number;
}

/** One part of a recording as a campaign. */
export function partOf({ seed, blocks, rounds }: PartOptions): { config: CampaignConfig; plan: PlanInput } {
  const parsed = parseCampaign(recordedYaml, 'the recording', { seed });
  const config = { ...parsed, profile: { ...parsed.profile, blocks, rounds: rounds ?? parsed.profile.rounds } };
  return { config, plan: planInputOf(config, workloads, ['latency']) };
}
