/**
 * Runs the sessions of a block that is ready. Within a round the arms take turns; after each slice everything that was noted
 * is exported and acknowledged, young garbage is collected, and only then does the next slice's fixed pause begin, so that
 * nobody's bookkeeping runs in another's time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  type CallRow,
  disturbed,
  type PlannedTask,
  type ResourceRow,
  type SliceOrder,
  type SliceReport,
} from '#contract/calls.ts';
import type { CollectorMethods } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Manifest } from '#contract/manifest.ts';
import { expiriesOf, revoke } from './faults.ts';
import { type ArmTiers, type Fleet, longTtl_ms } from './fleet.ts';
import type { BlockPlan, RoundPlan, SessionPlan } from './plan.ts';
import type { ProgressStep } from './progress.ts';
import { measureUsage, resourceRows } from './readings.ts';
import type { Watch } from './settle.ts';
import { stopIfAsked } from './stop.ts';
import { type Tier, within } from './supervise.ts';
import { everyTier, type Noted, tiersOf } from './tiers.ts';

/** A slice that takes longer than this is hung. */
const sliceDeadline_ms = 60_000;

/** Slices, and steps of load as so many slices as take that long. */
export interface Done {
  done: number;
  of: number;
}

interface BlockStep extends Pick<ProgressStep, 'phase' | 'condition' | 'round' | 'rounds'>, Done {}

export interface SliceOptions {
  plan: Pick<BlockPlan, 'block'>;
  collector: Tier<CollectorMethods>;
  anchor_offset_ns: bigint;
  pause_ms: number;
  /** How long a slice may take; absent: a minute. */
  slice_deadline_ms?: number;
  signal: AbortSignal;
  /** Called between slices, never within one. */
  progress(step: BlockStep): void;
}

/** One block under way. */
export interface Run<Options extends SliceOptions = SliceOptions> {
  options: Options;
  fleet: Fleet;
  noted: Noted;
  calls: CallRow[];
  faults: Manifest['blocks'][number]['faults'];
  done: Done;
}

/** A block while it is timed. */
export interface Timed extends Run {
  watch: Watch;
}

export const sliceCount = (plan: BlockPlan): number =>
  plan.sessions.reduce((n, s) => n + s.rounds.reduce((m, r) => m + r.order.length, 0), 0);

/** Times a session, round by round. */
export async function runSession(run: Timed, session: SessionPlan): Promise<void> {
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

export function sliceOrder(
  run: Run,
  { phase, workload, condition, lead_in, concurrency }: SessionPlan,
  at: { round: number; slice: number; tasks: PlannedTask[] },
): SliceOrder {
  const { block } = run.options.plan;
  return { phase, workload, condition, block, ...at, lead_in, concurrency, think_time_us: 0 };
}

export function runSlice(run: Run, arm: ArmTiers, order: SliceOrder): Promise<SliceReport> {
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
