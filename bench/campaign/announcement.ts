/** What is said before a campaign starts: what will be run, and how long that takes. Pure. */
import { builtinAttacks } from './config/attacks.ts';
import { hardenedTrials } from './config/profiles.ts';
import type { CampaignConfig } from './config/types.ts';
import { loadTime_s } from './load/plan.ts';
import type { PlanInput } from './plan.ts';
import { formatLeft } from './progress.ts';
import { settleSlices } from './settle.ts';

/** A slice of 25 calls, its barrier and its pause: medians of the reference campaign's blocks. */
const slice_s = 0.058;
/** What those calls wait for tools that take their time: those of tasks that run at once wait together. */
const service_s = { instant: 0, realistic: 0.069 };
/** From the last call of a block to the first of the next: stored, started, logged in, warmed up. */
const between_s = 9.5;
/** What a call takes beyond a delay of more than a millisecond, since tiers cool: 1.04 to 1.23 ms at p50 in a calibration of 60 blocks. */
const cooled_s = 0.0011;
const correlation_s = 0.3;
/** All 47 attacks took 243 s on the seven built-in arms, two at a time. The races alone take 19 s: 420 trials. */
const attacks_s = { arm: 32, races: 19 };
/** 1,000 more of the hardened agent took 27 s, at all gaps. */
const raceTrial_s = 0.027;

/** In proportion where only some are carried out: they take much the same, and opening an arm's range is a part of each. */
function attacksTime_s({ arms, attacks = builtinAttacks, profile }: CampaignConfig): number {
  const more_s = (hardenedTrials[profile.name] ?? 0) * raceTrial_s;
  const races_s = attacks.includes('scope-race') ? attacks_s.races + more_s : 0;
  return races_s + (attacks_s.arm * arms.length * attacks.length) / builtinAttacks.length;
}

const delayOf_s = ({ delay_ms = 0 }: PlanInput['arms'][number]): number =>
  delay_ms / 1_000 + (delay_ms > 1 ? cooled_s : 0);

/**
 * How long so many blocks take on two quiet cores like those of the reference campaign, load left out.
 * @param quiet_s seconds of a quiet machine that each block waits for
 */
export function blocksTime_s(plan: PlanInput, { blocks, quiet_s }: { blocks: number; quiet_s: number }): number {
  const timed = plan.arms.filter((a) => !a.lifecycle_only);
  const delays_s = timed.map((arm) => delayOf_s(arm) * plan.slice_calls);
  const delay_s = delays_s.reduce((sum, s) => sum + s, 0);
  // All arms warm up at once, so the slowest is waited for.
  const warmUp_s = (plan.warm_up_slices + quiet_s * settleSlices) * Math.max(0, ...delays_s);
  const latency_s =
    plan.conditions.reduce(
      (sum, { service, concurrency }) => sum + timed.length * (slice_s + service_s[service] / concurrency) + delay_s,
      0,
    ) * plan.workloads.length;
  const lifecycle_s = (plan.lifecycle.rounds * plan.lifecycle.round_every_ms) / 1_000;
  const block_s =
    between_s +
    warmUp_s +
    (plan.phases.includes('latency') ? plan.rounds * latency_s : 0) +
    (plan.phases.includes('lifecycle') ? lifecycle_s : 0) +
    (plan.phases.includes('correlation') ? correlation_s : 0);
  return blocks * block_s;
}

/**
 * @param where the results go, as the user would write it
 * @param attacks are there to be any?
 */
export function announcement(
  config: CampaignConfig,
  plan: PlanInput,
  { where, attacks }: { where: string; attacks: boolean },
): string {
  const { name, pilot, settle } = config.profile;
  const load_s = loadTime_s(plan);
  const attack_s = attacks ? attacksTime_s(config) : 0;
  const time = (blocks: number): string =>
    formatLeft(blocksTime_s(plan, { blocks, quiet_s: settle.quiet_s }) + load_s + attack_s);
  const size = pilot
    ? `a pilot of ${pilot.blocks} blocks, then ${pilot.min} to ${plan.blocks} in all, about ${time(pilot.min)} to ${time(plan.blocks)}`
    : `${plan.blocks} block${plan.blocks === 1 ? '' : 's'}, about ${time(plan.blocks)}`;
  const parts = [
    ...(load_s > 0 ? [`load: ${formatLeft(load_s)}`] : []),
    ...(attacks ? [`attacks: ${formatLeft(attack_s)}`] : []),
  ];
  const extra = parts.length > 0 ? ` (${parts.join(', ')})` : '';
  const arms = config.arms.map((a) => a.arm).join(', ');
  return `${config.question}\n${name} profile: ${size}${extra}; arms ${arms}; seed ${config.seed}; results go to ${where}`;
}
