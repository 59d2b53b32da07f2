/**
 * Runs one block: fresh processes, parity, warm-up, waiting for a quiet machine, then the plan's sessions, and what the
 * gates say of them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type PlannedTask, type Protocol, protocolOf } from '#contract/calls.ts';
import type { StoredCounts } from '#contract/control.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { Settle } from './config/types.ts';
import { type FleetOptions, processesOf, startFleet, stopFleet } from './fleet.ts';
import { judgeBlock, sayFailure, stealShare } from './gates.ts';
import type { StepDone } from './load/armRun.ts';
import type { LoadPlan } from './load/plan.ts';
import { runLoad } from './load/run.ts';
import { type ProbeResult, provesParity } from './parity.ts';
import type { BlockPlan, SessionPlan } from './plan.ts';
import { rawLines, readMachine, stealOfASecond } from './readings.ts';
import { type Done, type Run, runSession, runSlice, type SliceOptions, sliceCount, sliceOrder } from './sessions.ts';
import { type Machine, settleSlices, untilQuiet, Watch } from './settle.ts';
import { stopIfAsked } from './stop.ts';
import { everyTier, Noted } from './tiers.ts';
import { type MachineTicks, machineTicks } from './usage.ts';

export interface BlockOptions extends FleetOptions, SliceOptions {
  plan: BlockPlan;
  settle: Settle;
  /** Reads the machine's CPU time; absent: from /proc. */
  ticks?: () => MachineTicks | null;
}

export type BlockRecord = Manifest['blocks'][number];

export interface BlockResult {
  record: BlockRecord;
  parity: ProbeResult[];
  processes: Manifest['processes'];
  stored: StoredCounts;
}

type BlockRun = Run<BlockOptions>;

export async function runBlock(options: BlockOptions): Promise<BlockResult> {
  const { plan, collector, supervisor } = options;
  const done: Done = { done: 0, of: sliceCount(plan) + loadSlices(plan.load) };
  const { record, parity, processes } = await runSessions(options, done);
  if (plan.load) {
    const load = await runLoad(options, plan.load, (step) => tellLoad(options, step, done));
    record.gates.push(...load.gates);
    processes.push(...load.processes);
  }
  const failed = record.gates.filter((g) => g.voids && !g.ok);
  record.voided = failed.length > 0 ? failed.map(sayFailure).join('; ') : null;
  const stored = await collector.control.call('end_block', { block: plan.block }).catch(async (error: unknown) => {
    throw await supervisor.explain(error);
  });
  return { record, parity, processes, stored };
}

/** Parity on all arms, then what interleaves them. Nothing is said yet of whether the block is void. */
async function runSessions(options: BlockOptions, done: Done): Promise<Omit<BlockResult, 'stored'>> {
  const { plan, collector, supervisor } = options;
  const fleet = await startFleet({ ...options, tls: protocolsOf(plan).includes('https') }).catch(
    async (error: unknown) => {
      throw await supervisor.explain(error);
    },
  );
  try {
    const run: BlockRun = { options, fleet, noted: new Noted(), calls: [], faults: [], done };
    const parity = await provesParity(fleet, protocolsOf(plan));
    await warmUp(run);
    const settled_ms = await settle(run);
    await run.noted.drain(everyTier(fleet));
    await collector.control.call('discard');
    run.noted.forget();
    const measured = plan.sessions.length > 0 ? await measure(run) : { gates: [] };
    return {
      record: {
        block: plan.block,
        voided: null,
        replaces: null,
        settled_ms,
        ...measured,
        faults: run.faults,
        telemetry: run.noted.byTier,
      },
      parity,
      processes: processesOf(fleet).map(({ name, command, pid }) => ({ name, command, pid, block: plan.block })),
    };
  } catch (error) {
    // While the processes are still there to be asked.
    throw await supervisor.explain(error);
  } finally {
    await stopFleet(fleet, supervisor);
  }
}

/** Plain HTTP is in every block: lifecycle and correlation speak it. */
const protocolsOf = (plan: BlockPlan): Protocol[] => [
  ...new Set<Protocol>(['http', ...plan.sessions.map((s) => protocolOf(s.condition))]),
];

/** All arms at once, since nothing is timed yet. What parity and warm-up noted is no data, and forgotten after them. */
async function warmUp(run: BlockRun): Promise<void> {
  for (const session of run.options.plan.sessions) await warmUpFor(run, session, session.warm_up);
}

async function warmUpFor(run: BlockRun, session: SessionPlan, slices: readonly PlannedTask[][]): Promise<void> {
  const { fleet } = run;
  if (slices.length === 0) return;
  await fleet.tools.control.call('set_service_time', session.service_time);
  for (const tasks of slices) {
    stopIfAsked(run.options.signal);
    const order = sliceOrder(run, session, { round: -1, slice: -1, tasks });
    await Promise.all([...fleet.arms.values()].map((arm) => runSlice(run, arm, order)));
    await run.noted.drain(everyTier(fleet));
  }
}

/** @returns how long the block waited for a machine that is left to it, ms */
async function settle(run: BlockRun): Promise<number> {
  const { plan, settle: patience, ticks = machineTicks } = run.options;
  const session = plan.sessions[0];
  if (!session || session.warm_up.length === 0) return 0;
  return untilQuiet(patience, {
    ...waiting(run),
    async stealOfASecond() {
      const before = ticks();
      await warmUpFor(run, session, session.warm_up.slice(-settleSlices));
      return stealShare(before, ticks());
    },
  });
}

const waiting = ({ options, done }: BlockRun): Omit<Machine, 'stealOfASecond'> => ({
  now_ms: () => performance.now(),
  pause(ms) {
    stopIfAsked(options.signal);
    return pause(ms);
  },
  disturbed(steal, round) {
    const condition = `for a quiet machine (CPU steal ${(steal * 100).toFixed(0)} %)`;
    options.progress({ phase: 'waiting', condition, round, rounds: null, ...done });
  },
});

/** The timed part, and what the gates say of it. */
async function measure(run: BlockRun): Promise<Pick<BlockRecord, 'gates' | 'waited'>> {
  const { options, fleet, noted } = run;
  const pids = [options.collector.pid, ...processesOf(fleet).map((t) => t.pid)];
  const rawFiles = fleet.raw_logs.map((log) => log.file);
  const linesBefore = rawLines(rawFiles);
  const ticks = options.ticks ?? machineTicks;
  const read = () => readMachine(pids, ticks);
  const before = read();
  const watch = new Watch(options.settle, {
    ...waiting(run),
    ticks,
    read,
    stealOfASecond: () => stealOfASecond(ticks),
  });
  for (const session of options.plan.sessions) await runSession({ ...run, watch }, session);
  const after = watch.without(read());
  await noted.drain(everyTier(fleet));
  const stored = await options.collector.control.call('counts');
  const reference = fleet.arms.has('direct') ? 'direct' : fleet.arms.keys().next().value;
  const gates = judgeBlock({
    block: options.plan.block,
    calls: run.calls,
    baseline: run.calls.filter((c) => c.phase === 'latency' && c.arm === reference),
    machine: { before: before.machine, after: after.machine },
    ours_cpu_ns: after.ours_ns - before.ours_ns,
    telemetry: {
      spans_started: noted.spansStarted,
      spans_stored: stored.spans,
      lines_written: rawLines(rawFiles) - linesBefore,
      lines_stored: stored.logs,
    },
  });
  return { gates, waited: watch.waited };
}

const slicesPerSecond = 10;
const stepSlices = ({ duration_s }: { duration_s: number }): number => Math.ceil(duration_s * slicesPerSecond);
const slicesOf = (steps: readonly { duration_s: number }[]): number =>
  steps.reduce((sum, step) => sum + stepSlices(step), 0);
const loadSlices = (load: LoadPlan | undefined): number =>
  load ? load.arms.length * slicesOf(load.steps) + slicesOf(load.probes ?? []) : 0;

function tellLoad({ plan, progress }: BlockOptions, step: Parameters<StepDone>[0], done: Done): void {
  done.done += stepSlices(step);
  progress({ phase: 'load', condition: step.condition, round: step.step, rounds: plan.load!.steps.length, ...done });
}
