/** From a configuration to what the plan is drawn from; the fixed shapes of lifecycle and correlation stand here. */
import type { Phase } from '#contract/calls.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { CampaignConfig } from './config/types.ts';
import type { PlanInput, SliceSource } from './plan.ts';

const timedPhases: readonly Phase[] = ['latency', 'lifecycle', 'correlation'];

/** Slices that warm each arm's code up before anything counts: 150 calls at the first condition, and those of `settle`. */
const warmUpSlices = 6;
const lifecycleWorkload = 'fan-out';
const correlationCalls = 30;

/**
 * Tokens live 2 s; a round every 750 ms for 6 s sees three lifetimes end and a revocation on each leg, the agent’s
 * half-way, with bursts of three tasks at once, up to twelve calls in parallel.
 */
const lifecycle = { access_token_ttl_ms: 2_000, rounds: 9, round_every_ms: 750, burst_calls: 15, concurrency: 3 };

/** Where the lifecycle phase is run in every campaign. */
export const lifecyclePlace = { workload: lifecycleWorkload, condition: `instant/c${lifecycle.concurrency}/http` };

export function planInputOf(
  config: CampaignConfig,
  workloads: ReadonlyMap<string, SliceSource>,
  phases?: readonly string[],
): PlanInput {
  const { profile } = config;
  const source = (name: string): SliceSource => {
    const found = workloads.get(name);
    if (!found)
      throw new WeighbridgeError('CONFIG', `no workload ${name}`, {
        where: 'workloads',
        mend: `one of ${[...workloads.keys()].join(', ')}`,
      });
    return found;
  };
  return {
    seed: config.seed,
    blocks: profile.blocks,
    rounds: profile.rounds,
    slice_calls: profile.slice_calls,
    lead_in: profile.lead_in,
    warm_up_slices: warmUpSlices,
    arms: config.arms.map((a) => ({ arm: a.arm, gateway: a.gateway === 'gateway', lifecycle_only: a.lifecycle_only })),
    workloads: config.workloads.map((name) => ({ name, source: source(name) })),
    conditions: config.conditions,
    realistic: config.realistic,
    phases: chosenPhases(phases),
    lifecycle: { ...lifecycle, source: source(lifecycleWorkload), workload: lifecycleWorkload },
    correlation_calls: correlationCalls,
  };
}

function chosenPhases(names: readonly string[] | undefined): Phase[] {
  if (!names) return [...timedPhases];
  const unknown = names.filter((n) => n !== 'parity' && !timedPhases.includes(n as Phase));
  if (unknown.length > 0) {
    const later = unknown.filter((n) => n === 'load' || n === 'security');
    throw new WeighbridgeError(
      'CONFIG',
      later.length > 0 ? `the phase ${later[0]} is not supported in this release` : `no phase ${unknown[0]}`,
      {
        where: '--phases',
        mend: `some of ${timedPhases.join(', ')}; parity always runs`,
      },
    );
  }
  return timedPhases.filter((p) => names.includes(p));
}
