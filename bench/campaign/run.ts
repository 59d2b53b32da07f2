/**
 * A campaign from plan to raw results: blocks one after the other, voided ones replaced once within their quota, each
 * stored whole and noted before the next begins. What was whole at a stop is kept, marked aborted, and may be resumed.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CollectorMethods } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { formatJson } from '#contract/json.ts';
import { type Manifest, setAside, voidableBlocks } from '#contract/manifest.ts';
import { type BlockOptions, type BlockResult, runBlock } from './block.ts';
import { type Checkpoint, digestBlock, type Queued, saveCheckpoint, writeWhole } from './checkpoint.ts';
import { type Clock, startClock } from './clock.ts';
import type { CampaignConfig } from './config/types.ts';
import { environment } from './environment.ts';
import { identityOf } from './identity.ts';
import { manifestOf } from './manifest.ts';
import { blockPlan, type PlanInput, planDigest } from './plan.ts';
import { type ComparedPolicies, type ComparePolicies, policiesOrWhy } from './policies.ts';
import type { Progress } from './progress.ts';
import { afterBlock, plannedQueue } from './queue.ts';
import { removeUnrecorded, requireSame, takeUp, tidy } from './resume.ts';
import { keepSecurity, type SecurityPhase } from './security.ts';
import { stopIfAsked } from './stop.ts';
import type { Supervisor, Tier } from './supervise.ts';

export interface CampaignOptions {
  id: string;
  config: CampaignConfig;
  plan: PlanInput;
  dir: string;
  /** Text of campaign.yaml, kept beside the results. */
  yaml: string;
  /** What the command line said, kept for who resumes. */
  flags?: Checkpoint['flags'];
  /** How the campaign stood, where it is resumed. */
  resume?: Checkpoint;
  /** How long a slice may take; absent: a minute. */
  slice_deadline_ms?: number;
  /** Reads the machine's CPU time; absent: from /proc. */
  ticks?: BlockOptions['ticks'];
  /** From the pilot’s results to how many blocks there are to be; needed where the profile has a pilot. */
  size?: (dir: string) => Promise<{ blocks: number; why: string }>;
  /** Carried out once, when every block is whole; absent: the campaign has no security phase. */
  security?: SecurityPhase;
  /** Holds the campaign's calls against both sides' policies, when all is measured; absent: nobody does. */
  policy?: ComparePolicies;
  /** Told of each block that is stored and noted, voided or not. */
  stored?: (block: BlockResult['record']) => void;
  progress: Progress;
  supervisor: Supervisor;
  signal: AbortSignal;
}

export interface CampaignResult {
  status: Manifest['status'];
  /** Whole ones. */
  blocks: number;
  /** Are manifest and merged rows there, so that a report can be made? */
  merged: boolean;
  /** Why it ended early, where it did. */
  error: WeighbridgeError | null;
}

/** One sitting of a campaign: from its start, or its resuming, to its end. */
interface Sitting {
  options: CampaignOptions;
  clock: Clock;
  surroundings: Awaited<ReturnType<typeof environment>>;
  /** As it stands on the disk. */
  checkpoint: Checkpoint;
  /** Of the sittings before. */
  ran_before_s: number;
  collector: Tier<CollectorMethods>;
  otlp: string;
  workDir: string;
}

/** @throws WeighbridgeError CONFIG where a campaign that is resumed would not be the same one; nothing is touched then */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  try {
    const sitting = await sitDown(options);
    const error = (await runBlocks(sitting)) ?? (await runBeyondPilot(sitting)) ?? (await runSecurity(sitting));
    return await conclude(sitting, error);
  } finally {
    // A block that failed while it started has left some behind; their channels would keep this process alive.
    options.supervisor.killAll();
    options.progress.end();
  }
}

async function sitDown(options: CampaignOptions): Promise<Sitting> {
  const { dir, resume } = options;
  const clock = startClock(resume ? BigInt(resume.at_ns) : null);
  const surroundings = await environment();
  const identity = identityOf(options.config, planDigest(options.plan), surroundings);
  if (resume) requireSame(resume.identity, identity, dir);
  const first = resume ?? firstCheckpoint(options, identity, clock);
  if (!resume) await saveCheckpoint(dir, first);
  // The store's lock keeps a second campaign out: only who holds it may clear anything.
  const store = await startCollector(options);
  const checkpoint = resume ? await takeUp(dir, resume, clock) : first;
  const workDir = join(dir, '.work');
  rmSync(workDir, { recursive: true, force: true });
  mkdirSync(workDir);
  return { options, clock, surroundings, checkpoint, ran_before_s: checkpoint.ran_s, ...store, workDir };
}

const firstCheckpoint = (options: CampaignOptions, identity: Checkpoint['identity'], clock: Clock): Checkpoint => ({
  version: 1,
  id: options.id,
  started: clock.now().toISOString(),
  yaml: options.yaml,
  flags: options.flags ?? {},
  identity,
  blocks: [],
  queue: plannedQueue(options.config.profile.pilot?.blocks ?? options.plan.blocks),
  sized: null,
  ran_s: 0,
  at_ns: String(clock.epoch_ns()),
  stopped: null,
  resumed: [],
});

async function startCollector({ supervisor, dir }: CampaignOptions): Promise<Pick<Sitting, 'collector' | 'otlp'>> {
  const collector = supervisor.start<CollectorMethods>('collector', 'collector');
  const { otlp } = await supervisor.ready(collector, collector.control.call('configure', { dir }));
  return { collector, otlp };
}

/** Runs what is in the queue. An error ends the campaign, but not the blocks that are whole: it is returned. */
async function runBlocks(sitting: Sitting): Promise<WeighbridgeError | null> {
  const { options, clock } = sitting;
  try {
    for (let next = sitting.checkpoint.queue[0]; next; next = sitting.checkpoint.queue[0]) {
      keepsDeadline(options.config.profile.max_duration_s, clock.elapsed_s());
      const { blocks, queue } = sitting.checkpoint;
      const result = await runBlock({
        ...blockOptions(sitting, next),
        progress: (step) =>
          options.progress.step({
            block: blocks.length,
            blocks: blocks.length + queue.length,
            ...step,
            fraction: (blocks.length + step.done / step.of) / (blocks.length + queue.length),
          }),
      });
      result.record.replaces = next.replaces;
      await keep(sitting, result);
    }
    return null;
  } catch (error) {
    return asWeighbridgeError(error);
  }
}

/** Looks at the pilot once, at its end, and runs what it came to. */
async function runBeyondPilot(sitting: Sitting): Promise<WeighbridgeError | null> {
  const { options } = sitting;
  const { pilot } = options.config.profile;
  if (!pilot || !options.size || sitting.checkpoint.sized) return null;
  try {
    stopIfAsked(options.signal);
    // It is read as any campaign is that was stopped there.
    await mergeBlocks(sitting);
    await writeManifest(sitting, 'aborted');
    const sized = await options.size(options.dir);
    await save(sitting, { sized, queue: plannedQueue(sized.blocks, pilot.blocks) });
    options.progress.note(`after a pilot of ${pilot.blocks} blocks: ${sized.blocks} in all, since ${sized.why}`);
    Object.assign(sitting, await startCollector(options));
  } catch (error) {
    return asWeighbridgeError(error);
  }
  return runBlocks(sitting);
}

/** Blocks there are to be, as far as that is known. */
const plannedBlocks = ({ options, checkpoint }: Sitting): number =>
  checkpoint.sized?.blocks ?? options.config.profile.pilot?.blocks ?? options.plan.blocks;

/** Notes a block that is stored: from here on it is never run again. */
async function keep(sitting: Sitting, { record, parity, processes }: BlockResult): Promise<void> {
  const { options, checkpoint } = sitting;
  const { profile } = options.config;
  const proven = checkpoint.blocks.some((b) => b.parity.length > 0);
  const files = await digestBlock(options.dir, record.block);
  const kept = { record, parity: proven ? [] : parity, processes, files };
  // Without intervals nothing is estimated, so nothing is worth the time of another block.
  const quota = profile.intervals ? voidableBlocks(plannedBlocks(sitting)) : 0;
  const course = afterBlock(checkpoint, kept, options.plan.blocks, quota);
  await save(sitting, course);
  options.stored?.(record);
  if (record.voided === null) return;
  const again = course.queue.some((q) => q.replaces === record.block);
  options.progress.note(
    `block ${record.block} (as the data numbers it, from 0) is void (${record.voided})${again ? ': it will be replaced' : ''}`,
  );
}

async function save(sitting: Sitting, change: Partial<Checkpoint>): Promise<void> {
  const { options, clock, ran_before_s } = sitting;
  const times = { ran_s: ran_before_s + clock.elapsed_s(), at_ns: String(clock.epoch_ns()) };
  const checkpoint = { ...sitting.checkpoint, ...change, ...times };
  await saveCheckpoint(options.dir, checkpoint);
  sitting.checkpoint = checkpoint;
}

/** A block is never cut: the limit is looked at before each. It holds for a sitting: who resumes has decided to go on. */
function keepsDeadline(max_duration_s: number | null, elapsed_s: number): void {
  if (max_duration_s === null || elapsed_s <= max_duration_s) return;
  throw new WeighbridgeError('DEADLINE', `the campaign took longer than its limit of ${max_duration_s} s`, {
    where: 'profile.max_duration',
    mend: 'raise the limit, or choose a smaller profile',
  });
}

function blockOptions({ options, clock, collector, otlp, workDir }: Sitting, { block, replaces }: Queued) {
  const plan = blockPlan(options.plan, block, replaces);
  const byName = new Map(options.config.arms.map((a) => [a.arm, a]));
  return {
    supervisor: options.supervisor,
    campaign: options.id,
    block,
    plan,
    arms: plan.start_order.map((arm) => byName.get(arm)!),
    attached: options.config.gateways,
    otlp,
    anchor_offset_ns: clock.offset_ns,
    work_dir: workDir,
    collector,
    pause_ms: options.config.profile.pause_ms,
    settle: options.config.profile.settle,
    ...(options.slice_deadline_ms === undefined ? {} : { slice_deadline_ms: options.slice_deadline_ms }),
    ...(options.ticks === undefined ? {} : { ticks: options.ticks }),
    signal: options.signal,
  };
}

/** Beside no measurement: the last block has ended, and only the store still runs. */
async function runSecurity({ options, workDir }: Sitting): Promise<WeighbridgeError | null> {
  if (!options.security) return null;
  try {
    await keepSecurity(options.security, { ...options, work_dir: workDir });
    return null;
  } catch (error) {
    return asWeighbridgeError(error);
  }
}

/** Puts together what is whole. Only a complete campaign loses what resuming needs. */
async function conclude(sitting: Sitting, error: WeighbridgeError | null): Promise<CampaignResult> {
  const { options } = sitting;
  const blocks = sitting.checkpoint.blocks.length;
  // First of all: where the disk is full, this is what makes room.
  rmSync(sitting.workDir, { recursive: true, force: true });
  if (error) await noteStop(sitting, error);
  if (blocks === 0) {
    await options.supervisor.stop(sitting.collector);
    return { status: 'aborted', blocks, merged: false, error };
  }
  try {
    await mergeBlocks(sitting);
    await writeManifest(sitting, error ? 'aborted' : 'complete');
    if (!error) await tidy(options.dir);
    return { status: error ? 'aborted' : 'complete', blocks, merged: true, error };
  } catch (cause) {
    const second = asWeighbridgeError(cause);
    if (error) options.progress.note(`there is no report of the whole blocks: ${second.message}`);
    else await noteStop(sitting, second);
    return { status: 'aborted', blocks, merged: false, error: error ?? second };
  }
}

/** Where even this finds no space, the checkpoint of the last block stands: it merely cannot say why it ended. */
const noteStop = (sitting: Sitting, error: WeighbridgeError): Promise<void> =>
  save(sitting, { stopped: error.code }).catch(() => undefined);

async function mergeBlocks(sitting: Sitting): Promise<void> {
  const { options, checkpoint } = sitting;
  // The collector may be what ended the campaign; the blocks do not need that one.
  if (!sitting.collector.control.alive) Object.assign(sitting, await startCollector(options));
  await removeUnrecorded(options.dir, checkpoint);
  const voided = setAside(checkpoint.blocks.map((b) => b.record));
  const { collector } = sitting;
  await collector.control.call('merge', { voided, keep_blocks: true });
  await options.supervisor.stop(collector);
}

async function writeManifest(sitting: Sitting, status: Manifest['status']): Promise<void> {
  const { options, checkpoint, clock, surroundings } = sitting;
  const manifest = manifestOf({
    ...options,
    surroundings,
    started: new Date(checkpoint.started),
    ended: clock.now(),
    ran_s: sitting.ran_before_s + clock.elapsed_s(),
    results: [...checkpoint.blocks].sort((a, b) => a.record.block - b.record.block),
    status,
    digest: checkpoint.identity.plan,
    resumed: checkpoint.resumed,
    security: options.security !== undefined,
    planned: plannedBlocks(sitting),
    pilot: pilotOf(sitting),
    compared: await comparedPolicies(sitting, status),
  });
  await writeWhole(join(options.dir, 'campaign.yaml'), options.yaml);
  await writeWhole(join(options.dir, 'manifest.json'), formatJson(manifest));
}

const comparedPolicies = ({ options, checkpoint }: Sitting, status: Manifest['status']): Promise<ComparedPolicies> =>
  policiesOrWhy(options.policy, {
    status,
    arms: options.config.arms,
    records: checkpoint.blocks.map((b) => b.record),
    plan: options.plan,
    // Of a campaign that is complete: then they were carried out.
    attacked: options.security !== undefined,
    at_ms: Date.parse(checkpoint.started),
  });

function pilotOf({ options, checkpoint }: Sitting): { blocks: number; why: string } | null {
  const { pilot } = options.config.profile;
  return pilot && checkpoint.sized ? { blocks: pilot.blocks, why: checkpoint.sized.why } : null;
}

const asWeighbridgeError = (error: unknown): WeighbridgeError =>
  error instanceof WeighbridgeError
    ? error
    : new WeighbridgeError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
