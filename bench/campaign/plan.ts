/**
 * The plan of a campaign: a pure function of configuration and seed. It holds every call with its arguments, the order
 * of arms in every round, and the faults to inject, so that two campaigns with one seed issue the same calls in the
 * same order, and a block can be replaced or resumed without touching another.
 */
import { createHash } from 'node:crypto';
import { type Phase, type PlannedTask, protocolOf } from '#contract/calls.ts';
import type { ServiceTime } from '#contract/config.ts';
import type { LoadShape } from '#contract/manifest.ts';
import { type Random, seededRandom } from '#contract/random.ts';
import { type LoadPlan, loadPlan, type ProbeTarget } from './load/plan.ts';

/** What the plan needs to know of a workload: draw a slice of exactly `calls` calls. */
export interface SliceSource {
  slice(random: Random, calls: number, prefix: string): PlannedTask[];
}

export interface PlanInput {
  seed: string;
  blocks: number;
  rounds: number;
  slice_calls: number;
  lead_in: number;
  /** Of each arm at the first condition of each protocol; one at every other, since the code is warm by then. */
  warm_up_slices: number;
  /**
   * `latency_only`: watched otherwise than the rest. The other phases read their figures from what is noted, or note nothing
   * in any arm. `delay_ms`, of a placebo, shapes no plan: it says how long the calls take.
   */
  arms: { arm: string; gateway: boolean; lifecycle_only: boolean; latency_only?: boolean; delay_ms?: number }[];
  workloads: { name: string; source: SliceSource }[];
  conditions: { name: string; service: 'instant' | 'realistic'; concurrency: number }[];
  realistic: { median_us: number; sigma: number };
  phases: Phase[];
  lifecycle: LifecycleShape;
  load: LoadShape;
  /** Tiers that autocannon probes alone; absent where nobody asked for it. */
  probed?: { arm: string; target: ProbeTarget }[];
  /** Calls per arm and block of the correlation phase, on all arms at once. */
  correlation_calls: number;
}

export interface LifecycleShape {
  source: SliceSource;
  workload: string;
  access_token_ttl_ms: number;
  rounds: number;
  /** Rounds start this far apart, so that tokens expire between bursts whatever the machine's speed. */
  round_every_ms: number;
  burst_calls: number;
  concurrency: number;
}

/** In this round, just before its own slice, each arm's tokens on that leg are fetched anew and revoked. */
export interface PlannedFault {
  round: number;
  leg: 'agent' | 'gateway';
}

export interface RoundPlan {
  round: number;
  /** Arms in the order in which their slices run. */
  order: string[];
  tasks: PlannedTask[];
}

/** One phase × workload × condition of a block. */
export interface SessionPlan {
  phase: Phase;
  workload: string;
  condition: string;
  service_time: ServiceTime;
  concurrency: number;
  lead_in: number;
  /** Slices of all arms of a round run at once: the mixed fleet of the correlation phase. */
  simultaneous: boolean;
  round_every_ms: number | null;
  access_token_ttl_ms: number | null;
  faults: PlannedFault[];
  warm_up: PlannedTask[][];
  rounds: RoundPlan[];
}

export interface BlockPlan {
  block: number;
  /** Arms in the order in which their processes are started. */
  start_order: string[];
  sessions: SessionPlan[];
  /** After the sessions, on tiers of its own; absent where the block has none. */
  load?: LoadPlan;
}

/** @param replaces the voided block in whose place it runs: it has the same parts as that one */
export const blockPlan = (input: PlanInput, block: number, replaces: number | null = null): BlockPlan => {
  const seed = `${input.seed}/block/${block}`;
  const timed = input.arms.filter((a) => !a.lifecycle_only).map((a) => a.arm);
  const sessions: SessionPlan[] = [];
  const ids = { session: 0 };
  if (input.phases.includes('latency')) {
    for (const workload of input.workloads) {
      for (const condition of input.conditions) {
        sessions.push(latencySession({ input, seed, block, arms: timed, workload, condition, index: ids.session++ }));
      }
    }
  }
  if (input.phases.includes('lifecycle')) sessions.push(lifecycleSession(input, seed, block, ids.session++));
  if (input.phases.includes('correlation')) sessions.push(correlationSession(input, seed, block, ids.session++));
  return {
    block,
    start_order: seededRandom(`${seed}/start`).shuffle(input.arms.map((a) => a.arm)),
    sessions,
    ...(input.phases.includes('load') && (replaces ?? block) < input.load.blocks
      ? { load: loadPlan(input, block) }
      : {}),
  };
};

/** SHA-256 over the whole plan: equal digests, equal campaigns. */
export const planDigest = (input: PlanInput): string => {
  const hash = createHash('sha256');
  for (let block = 0; block < input.blocks; block++) hash.update(JSON.stringify(blockPlan(input, block)));
  return hash.digest('hex');
};

/**
 * Random orders of the arms, one per round, in which no arm follows itself from one round into the next: a slice after
 * one's own would meet a warmer process than a slice after another's.
 */
export function roundOrders(random: Random, arms: readonly string[], rounds: number): string[][] {
  const orders: string[][] = [];
  let last: string | undefined;
  for (let round = 0; round < rounds; round++) {
    let order = random.shuffle(arms);
    while (arms.length > 1 && order[0] === last) order = random.shuffle(arms);
    orders.push(order);
    last = order.at(-1);
  }
  return orders;
}

interface LatencyInput {
  input: PlanInput;
  seed: string;
  block: number;
  arms: string[];
  workload: PlanInput['workloads'][number];
  condition: PlanInput['conditions'][number];
  index: number;
}

function latencySession({ input, seed, block, arms, workload, condition, index }: LatencyInput): SessionPlan {
  // The first that speaks a protocol meets code which nobody has run yet.
  const protocol = protocolOf(condition.name);
  const first = input.conditions.find((c) => protocolOf(c.name) === protocol);
  const isFirst = workload === input.workloads[0] && condition === first;
  const own = `${seed}/latency/${workload.name}/${condition.name}`;
  const prefix = `b${block}s${index}`;
  const draw = (path: string, id: string) =>
    workload.source.slice(seededRandom(`${own}/${path}`), input.slice_calls, id);
  const orders = roundOrders(seededRandom(`${own}/order`), arms, input.rounds);
  return {
    phase: 'latency',
    workload: workload.name,
    condition: condition.name,
    service_time:
      condition.service === 'instant'
        ? { kind: 'instant' }
        : { kind: 'lognormal', seed: `${input.seed}/service`, ...input.realistic },
    concurrency: condition.concurrency,
    lead_in: input.lead_in,
    simultaneous: false,
    round_every_ms: null,
    access_token_ttl_ms: null,
    faults: [],
    warm_up: range(isFirst ? input.warm_up_slices : 1).map((i) => draw(`warm-up/${i}`, `${prefix}w${i}`)),
    rounds: orders.map((order, round) => ({ round, order, tasks: draw(`round/${round}`, `${prefix}r${round}`) })),
  };
}

function lifecycleSession(input: PlanInput, seed: string, block: number, index: number): SessionPlan {
  const shape = input.lifecycle;
  const own = `${seed}/lifecycle`;
  const orders = roundOrders(
    seededRandom(`${own}/order`),
    input.arms.filter((a) => !a.latency_only).map((a) => a.arm),
    shape.rounds,
  );
  const half = Math.floor(shape.rounds / 2);
  const faults: PlannedFault[] = [{ round: half, leg: 'agent' }];
  // In another round, so that what an arm meets on one leg is not mixed with the other.
  if (input.arms.some((a) => a.gateway)) faults.unshift({ round: 1, leg: 'gateway' });
  return {
    phase: 'lifecycle',
    workload: shape.workload,
    condition: `instant/c${shape.concurrency}/http`,
    service_time: { kind: 'instant' },
    concurrency: shape.concurrency,
    lead_in: 0,
    simultaneous: false,
    round_every_ms: shape.round_every_ms,
    access_token_ttl_ms: shape.access_token_ttl_ms,
    faults,
    warm_up: [],
    rounds: orders.map((order, round) => ({
      round,
      order,
      tasks: shape.source.slice(
        seededRandom(`${own}/round/${round}`),
        shape.burst_calls,
        `b${block}s${index}r${round}`,
      ),
    })),
  };
}

function correlationSession(input: PlanInput, seed: string, block: number, index: number): SessionPlan {
  const first = input.workloads[0];
  if (!first) throw new RangeError('a plan needs a workload');
  const own = `${seed}/correlation`;
  const timed = input.arms.filter((a) => !a.lifecycle_only && !a.latency_only).map((a) => a.arm);
  return {
    phase: 'correlation',
    workload: first.name,
    condition: 'realistic/c4/http',
    service_time: { kind: 'lognormal', seed: `${input.seed}/service`, ...input.realistic },
    concurrency: 4,
    lead_in: 0,
    simultaneous: true,
    round_every_ms: null,
    access_token_ttl_ms: null,
    faults: [],
    warm_up: [],
    rounds: [
      {
        round: 0,
        order: seededRandom(`${own}/order`).shuffle(timed),
        tasks: first.source.slice(seededRandom(`${own}/round/0`), input.correlation_calls, `b${block}s${index}r0`),
      },
    ],
  };
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
