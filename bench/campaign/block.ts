/**
 * Runs one block: fresh processes, parity, warm-up, then the plan's sessions. Within a round the arms take turns; after
 * each slice everything that was noted is exported and acknowledged, young garbage is collected, and only then does the
 * next slice's fixed pause begin, so that nobody's bookkeeping runs in another's time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  type CallRow,
  disturbed,
  type PlannedTask,
  type Protocol,
  protocolOf,
  type ResourceRow,
  type SliceOrder,
  type SliceReport,
} from '#contract/calls.ts';
import type { CollectorMethods, StoredCounts } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { Settle } from './config/types.ts';
import { expiriesOf, revoke } from './faults.ts';
import {
  type ArmTiers,
  type Fleet,
  type FleetOptions,
  longTtl_ms,
  processesOf,
  startFleet,
  stopFleet,
} from './fleet.ts';
import { judgeBlock, sayFailure, stealShare } from './gates.ts';
import type { StepDone } from './load/armRun.ts';
import type { LoadPlan } from './load/plan.ts';
import { runLoad } from './load/run.ts';
import { type ProbeResult, provesParity } from './parity.ts';
import type { BlockPlan, RoundPlan, SessionPlan } from './plan.ts';
import type { ProgressStep } from './progress.ts';
import { measureUsage, rawLines, readMachine, resourceRows, stealOfASecond } from './readings.ts';
import { type Machine, untilQuiet, Watch } from './settle.ts';
import { stopIfAsked } from './stop.ts';
import { type Tier, within } from './supervise.ts';
import { everyTier, Noted, tiersOf } from './tiers.ts';
import { type MachineTicks, machineTicks } from './usage.ts';

/** About a second of calls. */
const settleSlices = 5;

/** A slice that takes longer than this is hung. */
const sliceDeadline_ms = 60_000;

export interface BlockStep extends Pick<ProgressStep, 'phase' | 'condition' | 'round' | 'rounds'>, Done {}

export interface BlockOptions extends FleetOptions {
  plan: BlockPlan;
  collector: Tier<CollectorMethods>;
  pause_ms: number;
  settle: Settle;
  /** How long a slice may take; absent: a minute. */
  slice_deadline_ms?: number;
  /** Reads the machine's CPU time; absent: from /proc. */
  ticks?: () => MachineTicks | null;
  signal: AbortSignal;
  /** Called between slices, never within one. */
  progress(step: BlockStep): void;
}

export type BlockRecord = Manifest['blocks'][number];

export interface BlockResult {
  record: BlockRecord;
  parity: ProbeResult[];
  processes: Manifest['processes'];
  stored: StoredCounts;
}

/** One block under way. */
interface Run {
  options: BlockOptions;
  fleet: Fleet;
  noted: Noted;
  calls: CallRow[];
  faults: BlockRecord['faults'];
  done: Done;
}

/** A block while it is timed. */
interface Timed extends Run {
  watch: Watch;
}

/** Slices, and steps of load as so many slices as take that long. */
interface Done {
  done: number;
  of: number;
}

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
    const run: Run = { options, fleet, noted: new Noted(), calls: [], faults: [], done };
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

const sliceCount = (plan: BlockPlan): number =>
  plan.sessions.reduce((n, s) => n + s.rounds.reduce((m, r) => m + r.order.length, 0), 0);

/** All arms at once, since nothing is timed yet. What parity and warm-up noted is no data, and forgotten after them. */
async function warmUp(run: Run): Promise<void> {
  for (const session of run.options.plan.sessions) await warmUpFor(run, session, session.warm_up);
}

async function warmUpFor(run: Run, session: SessionPlan, slices: readonly PlannedTask[][]): Promise<void> {
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
async function settle(run: Run): Promise<number> {
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

const waiting = ({ options, done }: Run): Omit<Machine, 'stealOfASecond'> => ({
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
async function measure(run: Run): Promise<Pick<BlockRecord, 'gates' | 'waited'>> {
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

async function runSession(run: Timed, session: SessionPlan): Promise<void> {
  const { fleet } = run;
  await fleet.tools.control.call('set_service_time', session.service_time);
  if (session.access_token_ttl_ms !== null) await nextSecond();
  const started = process.hrtime.bigint();
  await setLifetime(fleet, session.access_token_ttl_ms ?? longTtl_ms);
  const concerned = [...fleet.arms].flatMap(([name, arm]) =>
    session.rounds.some((r) => r.order.includes(name)) ? [arm] : [],
  );
  run.faults.push(...expiriesOf(concerned, session, started + run.options.anchor_offset_ns));
  for (const round of session.rounds) {
    if (session.round_every_ms !== null) await untilDue(started, round.round * session.round_every_ms);
    await (session.simultaneous ? allAtOnce(run, session, round) : inTurn(run, session, round));
  }
}

/**
 * The authority dates tokens in whole seconds (RFC 7519 §4.1.6): a session that counts in lifetimes begins with one, or
 * where in a lifetime its faults fall would hang on when the block was started.
 */
const nextSecond = (): Promise<void> => pause(1_000 - (Date.now() % 1_000));

/** Lifetimes change for tokens issued from now on, so everyone fetches new ones. */
async function setLifetime(fleet: Fleet, access_token_ttl_ms: number): Promise<void> {
  await fleet.auth.control.call('set_ttl', { access_token_ttl_ms });
  for (const arm of fleet.arms.values()) {
    await arm.gateway?.control.call('renew');
    await arm.agent.control.call('renew');
  }
}

/** A round of the latency phase that is disturbed is measured again; what has times of its own to keep is not. */
async function inTurn(run: Timed, session: SessionPlan, round: RoundPlan): Promise<void> {
  const { watch } = run;
  const isDisturbed = (whole: boolean): boolean => session.phase === 'latency' && watch.disturbed(whole);
  if (session.phase === 'latency') watch.nextRound();
  for (;;) {
    const slices = await slicesInTurn(run, session, round, isDisturbed);
    if (slices.length === round.order.length && !isDisturbed(true)) {
      for (const { report, rows } of slices) await store(run, report, rows);
      return;
    }
    for (const { report, rows } of slices) await storeDisturbed(run, report, rows);
    run.done.done -= slices.length;
    await watch.untilQuiet();
  }
}

interface SliceResult {
  report: SliceReport;
  rows: ResourceRow[];
}

/** @returns fewer than there are where the round is disturbed */
async function slicesInTurn(
  run: Timed,
  session: SessionPlan,
  round: RoundPlan,
  isDisturbed: (whole: boolean) => boolean,
): Promise<SliceResult[]> {
  const { fleet, options, noted } = run;
  const results: SliceResult[] = [];
  for (const [index, name] of round.order.entries()) {
    stopIfAsked(run.options.signal);
    if (isDisturbed(false)) break;
    const arm = fleet.arms.get(name)!;
    const tiers = tiersOf(fleet, arm);
    const slice = round.round * round.order.length + index;
    const order = sliceOrder(run, session, { round: round.round, slice, tasks: round.tasks });
    for (const fault of session.faults.filter((f) => f.round === round.round)) {
      const made = await revoke(fleet, arm, fault, () => process.hrtime.bigint() + options.anchor_offset_ns);
      if (made) run.faults.push(made);
    }
    await pause(options.pause_ms);
    const used = measureUsage(tiers);
    const report = await runSlice(run, arm, order);
    const use = used();
    await noted.drain(tiers);
    results.push({ report, rows: resourceRows(order, name, report.calls.length, use) });
    tellProgress(run, session, round, 1);
  }
  return results;
}

async function allAtOnce(run: Run, session: SessionPlan, round: RoundPlan): Promise<void> {
  stopIfAsked(run.options.signal);
  await pause(run.options.pause_ms);
  const reports = await Promise.all(
    round.order.map((name, slice) =>
      runSlice(
        run,
        run.fleet.arms.get(name)!,
        sliceOrder(run, session, { round: round.round, slice, tasks: round.tasks }),
      ),
    ),
  );
  await run.noted.drain(everyTier(run.fleet));
  for (const report of reports) await store(run, report, []);
  tellProgress(run, session, round, round.order.length);
}

function tellProgress(run: Run, { phase, condition, rounds }: SessionPlan, { round }: RoundPlan, slices: number): void {
  run.done.done += slices;
  run.options.progress({ phase, condition, round, rounds: rounds.length, ...run.done });
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

function sliceOrder(
  run: Run,
  { phase, workload, condition, lead_in, concurrency }: SessionPlan,
  at: { round: number; slice: number; tasks: PlannedTask[] },
): SliceOrder {
  const { block } = run.options.plan;
  return { phase, workload, condition, block, ...at, lead_in, concurrency, think_time_us: 0 };
}

function runSlice(run: Run, arm: ArmTiers, order: SliceOrder): Promise<SliceReport> {
  const { slice_deadline_ms: deadline_ms = sliceDeadline_ms, plan } = run.options;
  const { gateway } = arm.spec;
  const place = `a slice of ${order.phase} (block ${plan.block}, round ${order.round})`;
  return within(
    arm.agent.control.call('run_slice', order),
    deadline_ms,
    () =>
      new WeighbridgeError('DEADLINE', `arm ${arm.spec.arm}: ${place} took over ${deadline_ms / 1000} s`, {
        where: arm.agent.name,
        // No process of ours then: its agent only waits for it, and has no stack that would show it.
        ...(typeof gateway === 'object'
          ? { mend: `look whether the attached gateway ${gateway.attached} still answers; whole blocks are kept` }
          : {}),
      }),
  );
}

/** Gates look at what is stored. */
async function store(run: Run, report: SliceReport, rows: ResourceRow[]): Promise<void> {
  run.calls.push(...report.calls);
  await send(run, report, rows);
}

/** For whoever wants to see it: no gate and no figure is made of it. */
const storeDisturbed = (run: Run, { calls, attempts }: SliceReport, rows: ResourceRow[]): Promise<void> =>
  send(
    run,
    { calls: calls.map((c) => ({ ...c, phase: disturbed })), attempts },
    rows.map((r) => ({ ...r, phase: disturbed })),
  );

async function send({ options }: Run, { calls, attempts }: SliceReport, rows: ResourceRow[]): Promise<void> {
  const { control } = options.collector;
  await control.call('add_calls', { calls, attempts });
  if (rows.length > 0) await control.call('add_resources', { rows });
}

/** Waits for the monotonic time `start + after_ms`. */
async function untilDue(start: bigint, after_ms: number): Promise<void> {
  const left_ms = after_ms - Number(process.hrtime.bigint() - start) / 1e6;
  if (left_ms > 0) await pause(left_ms);
}
