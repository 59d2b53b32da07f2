/**
 * Runs one block: fresh processes, parity, warm-up, then the plan's sessions. Within a round the arms take turns; after
 * each slice everything that was noted is exported and acknowledged, young garbage is collected, and only then does the
 * next slice's fixed pause begin, so that nobody's bookkeeping runs in another's time.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Gate } from '#contract/analysis.ts';
import type { AttemptRow, CallRow, PlannedTask, ResourceRow, SliceOrder, SliceReport } from '#contract/calls.ts';
import type { CollectorMethods, DrainReport, StoredCounts } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Manifest } from '#contract/manifest.ts';
import { service } from '#contract/names.ts';
import {
  type ArmTiers,
  type Fleet,
  type FleetOptions,
  longTtl_ms,
  processesOf,
  startFleet,
  stopFleet,
} from './fleet.ts';
import { judgeBlock } from './gates.ts';
import { type ProbeResult, provesParity } from './parity.ts';
import type { BlockPlan, SessionPlan } from './plan.ts';
import { type Tier, within } from './supervise.ts';
import { machineTicks, type Usage, usageOf } from './usage.ts';

/** A slice that takes longer than this is hung. */
const sliceDeadline_ms = 60_000;

export interface BlockOptions extends FleetOptions {
  plan: BlockPlan;
  collector: Tier<CollectorMethods>;
  pause_ms: number;
  signal: AbortSignal;
  /** Called between slices, never within one. */
  progress(step: { phase: string; condition: string; round: number; rounds: number; done: number; of: number }): void;
}

export type BlockRecord = Manifest['blocks'][number];

export interface BlockResult {
  record: BlockRecord;
  parity: ProbeResult[];
  processes: Manifest['processes'];
  stored: StoredCounts;
}

type Noted = Map<string, BlockRecord['telemetry'][number]>;

/** One block under way. */
interface Run {
  options: BlockOptions;
  fleet: Fleet;
  noted: Noted;
  calls: CallRow[];
  faults: BlockRecord['faults'];
  done: number;
  of: number;
}

export async function runBlock(options: BlockOptions): Promise<BlockResult> {
  const fleet = await startFleet(options);
  try {
    const run: Run = { options, fleet, noted: new Map(), calls: [], faults: [], done: 0, of: sliceCount(options.plan) };
    const parity = await provesParity(fleet);
    await warmUp(run);
    const rawStart = new Map(fleet.raw_logs.map((log) => [log.file, rawLines(log.file)]));
    const before = { machine: machineTicks(), ours: oursCpu(run) };
    for (const session of options.plan.sessions) await runSession(run, session);
    const after = { machine: machineTicks(), ours: oursCpu(run) };
    await drain(run, everyTier(fleet));
    const counts = await options.collector.control.call('counts');
    const written = countRawLines(run, rawStart);
    const gates = judge(run, { before, after, counts, written });
    const failed = gates.filter((g) => g.voids && !g.ok);
    const stored = await options.collector.control.call('end_block', { block: options.plan.block });
    return {
      record: {
        block: options.plan.block,
        voided: failed.length > 0 ? failed.map((g) => `${g.name}: ${g.value} > ${g.limit} ${g.unit}`).join('; ') : null,
        replaces: null,
        gates,
        faults: run.faults,
        telemetry: [...run.noted.values()],
      },
      parity,
      processes: processesOf(fleet).map((t) => ({
        name: t.name,
        command: t.command,
        pid: t.pid,
        block: options.plan.block,
      })),
      stored,
    };
  } finally {
    await stopFleet(fleet, options.supervisor);
  }
}

const sliceCount = (plan: BlockPlan): number =>
  plan.sessions.reduce((n, s) => n + s.rounds.reduce((m, r) => m + r.order.length, 0), 0);

/** Parity and warm-up are no data: what they noted is exported, then forgotten. */
async function warmUp(run: Run): Promise<void> {
  const { options, fleet } = run;
  for (const session of options.plan.sessions) {
    if (session.warm_up.length === 0) continue;
    await fleet.tools.control.call('set_service_time', session.service_time);
    for (const tasks of session.warm_up) {
      for (const arm of fleet.arms.values()) {
        stopIfAsked(run);
        await slice(run, arm, sliceOrder(run, session, { round: -1, slice: -1, tasks }));
        await drain(run, tiersOf(fleet, arm));
      }
    }
  }
  await drain(run, everyTier(fleet));
  await options.collector.control.call('discard');
  run.noted.clear();
}

async function runSession(run: Run, session: SessionPlan): Promise<void> {
  const { fleet, options } = run;
  await fleet.tools.control.call('set_service_time', session.service_time);
  await setLifetime(run, session.access_token_ttl_ms ?? longTtl_ms);
  const started = process.hrtime.bigint();
  if (session.access_token_ttl_ms !== null) noteExpiries(run, session, started);
  let sliceIndex = 0;
  for (const round of session.rounds) {
    if (session.round_every_ms !== null) await untilDue(started, round.round * session.round_every_ms);
    for (const fault of session.faults.filter((f) => f.round === round.round)) await revoke(run, fault);
    const step = {
      phase: session.phase,
      condition: session.condition,
      round: round.round,
      rounds: session.rounds.length,
    };
    if (session.simultaneous) {
      await simultaneously(run, session, round.order, round.tasks);
      run.done += round.order.length;
      options.progress({ ...step, done: run.done, of: run.of });
      continue;
    }
    for (const name of round.order) {
      stopIfAsked(run);
      const arm = fleet.arms.get(name)!;
      await pause(options.pause_ms);
      const pids = tiersOf(fleet, arm).map((t) => ({ tier: t.service, pid: t.tier.pid }));
      const before = pids.map(({ pid }) => usageOf(pid));
      const order = sliceOrder(run, session, { round: round.round, slice: sliceIndex++, tasks: round.tasks });
      const report = await slice(run, arm, order);
      const after = pids.map(({ pid }) => usageOf(pid));
      await drain(run, tiersOf(fleet, arm));
      await store(run, report, resourceRows({ order, arm: name, pids, before, after, calls: report.calls.length }));
      run.done++;
      options.progress({ ...step, done: run.done, of: run.of });
    }
  }
}

/** Lifetimes change for tokens issued from now on, so everyone fetches new ones. */
async function setLifetime(run: Run, access_token_ttl_ms: number): Promise<void> {
  const { fleet } = run;
  await fleet.auth.control.call('set_ttl', { access_token_ttl_ms });
  for (const arm of fleet.arms.values()) {
    await arm.gateway?.control.call('renew');
    await arm.agent.control.call('renew');
  }
}

async function simultaneously(run: Run, session: SessionPlan, order: string[], tasks: PlannedTask[]): Promise<void> {
  stopIfAsked(run);
  await pause(run.options.pause_ms);
  const reports = await Promise.all(
    order.map((name, index) =>
      slice(run, run.fleet.arms.get(name)!, sliceOrder(run, session, { round: 0, slice: index, tasks })),
    ),
  );
  await drain(run, everyTier(run.fleet));
  for (const report of reports) await store(run, report, []);
}

function sliceOrder(
  run: Run,
  session: SessionPlan,
  at: { round: number; slice: number; tasks: PlannedTask[] },
): SliceOrder {
  return {
    phase: session.phase,
    workload: session.workload,
    condition: session.condition,
    block: run.options.plan.block,
    round: at.round,
    slice: at.slice,
    lead_in: session.lead_in,
    concurrency: session.concurrency,
    think_time_us: 0,
    tasks: at.tasks,
  };
}

const slice = (run: Run, arm: ArmTiers, order: SliceOrder): Promise<SliceReport> =>
  within(
    arm.agent.control.call('run_slice', order),
    sliceDeadline_ms,
    () =>
      new WeighbridgeError(
        'DEADLINE',
        `arm ${arm.spec.arm}: a slice of ${order.phase} took over ${sliceDeadline_ms / 1000} s`,
        { where: `block ${run.options.plan.block}, round ${order.round}` },
      ),
  );

async function store(run: Run, report: SliceReport, rows: ResourceRow[]): Promise<void> {
  const { collector } = run.options;
  const attempts: AttemptRow[] = report.attempts;
  run.calls.push(...report.calls);
  await collector.control.call('add_calls', { calls: report.calls, attempts });
  if (rows.length > 0) await collector.control.call('add_resources', { rows });
}

function stopIfAsked(run: Run): void {
  if (run.options.signal.aborted) throw new WeighbridgeError('STOPPED', 'stopped by the user');
}

/** Waits for the monotonic time `start + after_ms`. */
async function untilDue(start: bigint, after_ms: number): Promise<void> {
  const left_ms = after_ms - Number(process.hrtime.bigint() - start) / 1e6;
  if (left_ms > 0) await pause(left_ms);
}

async function revoke(run: Run, fault: { round: number; leg: 'agent' | 'gateway' }): Promise<void> {
  for (const arm of run.fleet.arms.values()) {
    const client_id = fault.leg === 'agent' ? arm.client_id : arm.vault_client_id;
    if (!client_id) continue;
    await run.fleet.auth.control.call('revoke', { client_id });
    run.faults.push({
      arm: arm.spec.arm,
      leg: fault.leg,
      kind: 'revoked',
      round: fault.round,
      at_ns: epoch(run, process.hrtime.bigint()),
    });
  }
}

/** Expiries are not injected but lived through: nominally one per lifetime since the session began, on each leg. */
function noteExpiries(run: Run, session: SessionPlan, started: bigint): void {
  const ttl_ms = session.access_token_ttl_ms!;
  const every_ms = session.round_every_ms ?? ttl_ms;
  const last_ms = (session.rounds.length - 1) * every_ms;
  for (let at_ms = ttl_ms; at_ms <= last_ms; at_ms += ttl_ms) {
    for (const arm of run.fleet.arms.values()) {
      const at_ns = epoch(run, started + BigInt(Math.round(at_ms * 1e6)));
      const common = { arm: arm.spec.arm, kind: 'expired' as const, round: Math.ceil(at_ms / every_ms), at_ns };
      run.faults.push({ ...common, leg: 'agent' });
      if (arm.vault_client_id) run.faults.push({ ...common, leg: 'gateway' });
    }
  }
}

const epoch = (run: Run, monotonic_ns: bigint): string => String(monotonic_ns + run.options.anchor_offset_ns);

interface ServiceTier {
  service: string;
  arm: string;
  tier: {
    pid: number;
    control: { call(method: 'drain'): Promise<DrainReport> } & { call(method: 'gc'): Promise<undefined> };
  };
}

const tiersOf = (fleet: Fleet, arm: ArmTiers): ServiceTier[] => [
  { service: service.agent, arm: arm.spec.arm, tier: arm.agent },
  ...(arm.gateway ? [{ service: service.gateway, arm: arm.spec.arm, tier: arm.gateway }] : []),
  { service: service.tools, arm: '', tier: fleet.tools },
];

const everyTier = (fleet: Fleet): ServiceTier[] => [
  ...[...fleet.arms.values()].flatMap((arm) => tiersOf(fleet, arm).slice(0, -1)),
  { service: service.tools, arm: '', tier: fleet.tools },
  { service: service.auth, arm: '', tier: fleet.auth },
];

/** Everything noted is exported and acknowledged, and young garbage is gone, when this resolves. */
async function drain(run: Run, tiers: ServiceTier[]): Promise<void> {
  await Promise.all(
    tiers.map(async ({ service: name, arm, tier }) => {
      const report = await tier.control.call('drain');
      const key = `${name}/${arm}`;
      const sum = run.noted.get(key);
      if (!sum) run.noted.set(key, { service: name, arm, ...report });
      else for (const field of Object.keys(report) as (keyof DrainReport)[]) sum[field] += report[field];
      await tier.control.call('gc');
    }),
  );
}

/** CPU time of the campaign's own processes, this one included. */
function oursCpu(run: Run): bigint {
  const pids = [process.pid, run.options.collector.pid, ...processesOf(run.fleet).map((t) => t.pid)];
  return pids.reduce((sum, pid) => sum + (usageOf(pid)?.cpu_ns ?? 0n), 0n);
}

const newline = 10;
function rawLines(file: string): number {
  try {
    let lines = 0;
    for (const byte of readFileSync(file)) if (byte === newline) lines++;
    return lines;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Lines in the raw output since warm-up: what was really written, whatever the tiers believe. */
function countRawLines(run: Run, start: Map<string, number>): number {
  let written = 0;
  for (const log of run.fleet.raw_logs) written += rawLines(log.file) - (start.get(log.file) ?? 0);
  return written;
}

interface Readings {
  before: { machine: ReturnType<typeof machineTicks>; ours: bigint };
  after: { machine: ReturnType<typeof machineTicks>; ours: bigint };
  counts: StoredCounts;
  written: number;
}

function judge(run: Run, { before, after, counts, written }: Readings): Gate[] {
  const noted = [...run.noted.values()];
  const reference = run.fleet.arms.has('direct') ? 'direct' : run.fleet.arms.keys().next().value;
  return judgeBlock({
    block: run.options.plan.block,
    calls: run.calls,
    baseline: run.calls.filter((c) => c.phase === 'latency' && c.arm === reference),
    machine: { before: before.machine, after: after.machine },
    ours_cpu_ns: after.ours - before.ours,
    telemetry: {
      spans_started: noted.reduce((n, t) => n + t.spans_started, 0),
      spans_stored: counts.spans,
      lines_written: written,
      lines_stored: counts.logs,
    },
  });
}

interface ResourceInput {
  order: SliceOrder;
  arm: string;
  pids: { tier: string; pid: number }[];
  before: (Usage | null)[];
  after: (Usage | null)[];
  calls: number;
}

function resourceRows({ order, arm, pids, before, after, calls }: ResourceInput): ResourceRow[] {
  const { phase, workload, condition, block, round, slice: index } = order;
  return pids.flatMap(({ tier, pid }, i) => {
    const b = before[i];
    const a = after[i];
    if (!a || !b) return [];
    return [
      {
        phase,
        workload,
        condition,
        arm,
        block,
        round,
        slice: index,
        tier,
        pid,
        calls,
        cpu_ns: a.cpu_ns - b.cpu_ns,
        run_queue_ns: a.run_queue_ns - b.run_queue_ns,
        rss_bytes: a.rss_bytes,
        peak_rss_bytes: a.peak_rss_bytes,
      },
    ];
  });
}
