/**
 * The load part of a block's plan, pure. One arm at a time: a queue that starts empty with every slice shows 29 % of its
 * true p95 at 90 % utilisation, so slices cannot take turns here. Arms change places from block to block instead. Within
 * an arm steps ascend, since an overloaded one leaves grown heaps and many connections to those after it.
 */
import type { LoadOrder, LoadStep, PlannedCall } from '#contract/calls.ts';
import type { ServiceTime } from '#contract/config.ts';
import type { LoadShape } from '#contract/manifest.ts';
import { seededRandom } from '#contract/random.ts';
import { dueTimes, type Schedule, stepDuration_s } from '../../load/schedule.ts';
import type { PlanInput } from '../plan.ts';

/** A step as every arm of the block runs it. */
export interface PlannedStep extends Pick<LoadStep, 'condition' | 'step' | 'rate_per_s' | 'workers'> {
  /** Of its call ids. */
  key: string;
  duration_s: number;
  /** Draws the arrivals of an open loop. */
  seed: string;
}

export type ProbeTarget = 'tools' | 'gateway';

/** A run of autocannon against one tier, behind the steps of its arm. */
export interface PlannedProbe {
  arm: string;
  target: ProbeTarget;
  /** `instant/probe-gateway/http` */
  condition: string;
  /** Behind the steps of the ladder. */
  step: number;
  /** In the call header of every request. */
  key: string;
  connections: number;
  duration_s: number;
  timeout_s: number;
  max_samples: number;
}

export interface LoadPlan extends Pick<LoadShape, 'discard' | 'max_in_flight' | 'warm_up_calls'> {
  workload: string;
  service_time: ServiceTime;
  /** In the order in which they run. */
  arms: string[];
  /** Taken in turn by the calls of every step. */
  calls: PlannedCall[];
  steps: PlannedStep[];
  /** Absent where nobody asked for them. */
  probes?: PlannedProbe[];
}

/** Different calls that a step goes through again and again. */
const callsDrawn = 200;
/** No arm gets through more, and the agent makes room for as many before it starts. */
const mostPerSecond = 20_000;
const warmUpWorkers = 8;

export function loadPlan(input: PlanInput, block: number): LoadPlan {
  const workload = input.workloads[0];
  if (!workload) throw new RangeError('a plan needs a workload');
  const { load } = input;
  const seed = `${input.seed}/block/${block}/load`;
  const tasks = workload.source.slice(seededRandom(`${seed}/calls`), callsDrawn, `b${block}l`);
  const open = load.rates_per_s.map((rate_per_s) => ({
    condition: 'instant/open/http',
    rate_per_s,
    workers: null,
    duration_s: stepDuration_s({ rate_per_s, kept: load.least_calls, discard: load.discard, least_s: load.least_s }),
  }));
  const closed = load.workers.map((workers) => ({
    condition: 'instant/closed/http',
    rate_per_s: null,
    workers,
    duration_s: load.closed_s,
  }));
  return {
    workload: workload.name,
    service_time: { kind: 'instant' },
    arms: rotated(input, block),
    calls: tasks.flatMap((task) => task.stages.flat()),
    steps: [...open, ...closed].map((s, step) => ({
      ...s,
      step,
      key: `b${block}l${step}`,
      seed: `${seed}/arrivals/${step}`,
    })),
    ...(load.probe && input.probed ? { probes: plannedProbes(input, block, open.length + closed.length) } : {}),
    discard: load.discard,
    max_in_flight: load.max_in_flight,
    warm_up_calls: load.warm_up_calls,
  };
}

function plannedProbes({ load, probed = [] }: PlanInput, block: number, first: number): PlannedProbe[] {
  const { connections, ...run } = load.probe!;
  return probed.flatMap(({ arm, target }) =>
    connections.map((n, i) => ({
      arm,
      target,
      condition: `instant/probe-${target}/http`,
      step: first + i,
      key: `b${block}lp${first + i}`,
      connections: n,
      ...run,
    })),
  );
}

/** One drawn order, begun a place later with every block: over as many blocks as arms, each arm stands in each place once. */
function rotated({ arms, seed }: PlanInput, block: number): string[] {
  const order = seededRandom(`${seed}/load/order`).shuffle(
    arms.filter((a) => !a.lifecycle_only && !a.latency_only).map((a) => a.arm),
  );
  const first = order.length === 0 ? 0 : block % order.length;
  return [...order.slice(first), ...order.slice(0, first)];
}

/** What an agent is told: the due times are drawn from the step's seed, the same for every arm. */
export function loadOrder(plan: LoadPlan, step: PlannedStep, block: number): LoadOrder {
  const { key, rate_per_s, workers, duration_s, seed } = step;
  const common = { block, key, calls: plan.calls };
  if (workers !== null) {
    const max_calls = Math.ceil(duration_s * mostPerSecond);
    return { ...common, pace: { kind: 'closed', workers, max_calls, duration_ms: duration_s * 1_000 } };
  }
  const schedule: Schedule = { kind: 'poisson', rate_per_s: rate_per_s!, duration_s };
  const due_ns = dueTimes(schedule, seededRandom(seed));
  return { ...common, pace: { kind: 'open', due_ns, max_in_flight: plan.max_in_flight } };
}

/** Before an arm's first step, so that its code is compiled and its connections and tokens are there. */
export const warmUpOrder = ({ calls, warm_up_calls }: LoadPlan, block: number): LoadOrder => ({
  block,
  key: `b${block}lw`,
  calls,
  pace: { kind: 'closed', workers: warmUpWorkers, max_calls: warm_up_calls, duration_ms: null },
});

/** Before each step: the machine comes to rest, and the sockets of a loaded one close. */
export const stepPause_ms = 250;
/** Start, login and warm-up of an arm's tiers. */
const armStart_s = 4;

/** How long the load part of a campaign takes at least, s; 0 where there is none. */
export function loadTime_s(input: PlanInput): number {
  if (!input.phases.includes('load')) return 0;
  const { arms, steps, probes = [] } = loadPlan(input, 0);
  const sum_s = (of: readonly { duration_s: number }[]): number =>
    of.reduce((sum, { duration_s }) => sum + duration_s + stepPause_ms / 1_000, 0);
  const block_s = arms.length * (armStart_s + sum_s(steps)) + sum_s(probes);
  return Math.min(input.blocks, input.load.blocks) * block_s;
}
