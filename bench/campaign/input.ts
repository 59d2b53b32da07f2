/** From a configuration to what the plan is drawn from; the fixed shapes of lifecycle and correlation stand here. */
import type { Phase } from '#contract/calls.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { ArmSpec, CampaignConfig } from './config/types.ts';
import { hasLoadByDefault, loadShapeOf, probeShapeOf } from './load/shape.ts';
import type { PlanInput, SliceSource } from './plan.ts';

const timedPhases: readonly Phase[] = ['latency', 'load', 'lifecycle', 'correlation'];
/** Once in a campaign, behind all blocks: it measures no time. */
const securityPhase = 'security';

/** Slices that warm each arm's code up before anything counts: 150 calls at the first condition, and those of `settle`. */
const warmUpSlices = 6;
const lifecycleWorkload = 'fan-out';
const correlationCalls = 30;

/**
 * Tokens live 2 s; a round every 750 ms for 6 s sees three lifetimes end and a revocation on each leg, the gateway’s
 * after the first round and the agent’s half-way, with bursts of three tasks at once, up to twelve calls in parallel.
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
  const chosen = chosenPhases(profile.name, phases);
  const load = loadShapeOf(profile.name);
  return {
    seed: config.seed,
    blocks: blocksFor(chosen, { load: load.blocks, all: profile.blocks }),
    rounds: profile.rounds,
    slice_calls: profile.slice_calls,
    lead_in: profile.lead_in,
    warm_up_slices: warmUpSlices,
    arms: config.arms.map((a) => ({
      arm: a.arm,
      gateway: a.gateway === 'gateway',
      lifecycle_only: a.lifecycle_only,
      delay_ms: a.delay_ms ?? 0,
      latency_only: a.telemetry !== undefined,
    })),
    workloads: config.workloads.map((name) => ({ name, source: source(name) })),
    conditions: config.conditions,
    realistic: config.realistic,
    phases: chosen,
    lifecycle: { ...lifecycle, source: source(lifecycleWorkload), workload: lifecycleWorkload },
    load: config.probe === undefined ? load : { ...load, probe: probeShapeOf(profile.name) },
    ...(config.probe === undefined ? {} : { probed: probedTiers(config.arms) }),
    correlation_calls: correlationCalls,
  };
}

/** Every gateway, each in its own arm; the tools once, in the first arm without one: `direct` is in every campaign. */
function probedTiers(arms: readonly ArmSpec[]): NonNullable<PlanInput['probed']> {
  const pressed = arms.filter((a) => !a.lifecycle_only && a.telemetry === undefined);
  const host = pressed.find((a) => a.gateway === 'none');
  return pressed.flatMap((a): NonNullable<PlanInput['probed']> => {
    if (a.gateway !== 'none') return [{ arm: a.arm, target: 'gateway' }];
    return a === host ? [{ arm: a.arm, target: 'tools' }] : [];
  });
}

/**
 * Attacks take a minute or two whatever the profile, and estimate nothing: in smoke and quick they are carried out where
 * they are asked for, in whatever takes longer anyway they belong to it.
 */
export const hasSecurity = (profile: string, phases?: readonly string[]): boolean =>
  phases ? phases.includes(securityPhase) : hasLoadByDefault(profile);

/** One block proves parity; what is timed wants its replicates. */
function blocksFor(chosen: readonly Phase[], blocks: { load: number; all: number }): number {
  if (chosen.length === 0) return 1;
  return chosen.every((phase) => phase === 'load') ? blocks.load : blocks.all;
}

function chosenPhases(profile: string, names: readonly string[] | undefined): Phase[] {
  if (!names) return timedPhases.filter((phase) => phase !== 'load' || hasLoadByDefault(profile));
  const known: readonly string[] = ['parity', ...timedPhases, securityPhase];
  const unknown = names.find((n) => !known.includes(n));
  if (unknown !== undefined) {
    throw new WeighbridgeError('CONFIG', `no phase ${unknown}`, {
      where: '--phases',
      mend: `some of ${known.slice(1).join(', ')}; parity always runs`,
    });
  }
  return timedPhases.filter((p) => names.includes(p));
}
