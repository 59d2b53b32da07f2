/**
 * Kills campaigns at random moments, takes them up again, and holds what comes out against their plan, and against one that
 * ran through.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Manifest, manifestSchema } from '#contract/manifest.ts';
import type { Random } from '#contract/random.ts';
import { defaultCampaign } from '../../bench/campaign/config/index.ts';
import { planInputOf } from '../../bench/campaign/input.ts';
import { loadOrder } from '../../bench/campaign/load/plan.ts';
import { type BlockPlan, blockPlan, type PlanInput, planDigest } from '../../bench/campaign/plan.ts';
import { workloads } from '../../bench/workloads/index.ts';
import { readParquet } from '../../collectors/samples/collector.ts';
import { type Ended, processesNaming, start, survivors, weighbridge } from './harness.ts';

/** Two blocks of one short phase on two arms: about seven seconds. */
export const shortCampaign = ['--profile', 'smoke', '--phases', 'correlation', '--arms', 'direct,direct-b'];

export const manifestOf = (dir: string): Manifest =>
  manifestSchema.parse(JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')));

/** What a user would type next. */
const nextCommand = (dir: string, args: string[]): string[] => {
  if (existsSync(join(dir, 'progress.json')) || existsSync(join(dir, 'manifest.json')))
    return ['run', '--resume', '--out', dir];
  // Killed before its first checkpoint: nothing but a file that was not whole may be there.
  assert.deepEqual(existsSync(dir) ? readdirSync(dir).filter((name) => name !== 'progress.json.tmp') : [], []);
  return ['run', ...args, '--out', dir];
};

export interface Killing {
  random: Random;
  kills: number;
  /** Of one of these, drawn, a moment is drawn: from 0 to so long after the sitting began. */
  spans_ms: readonly number[];
}

/**
 * Runs a campaign to its end, killed (SIGKILL) so many times. Every other time all of its processes die at once, as where
 * the power fails; else they have to notice that it is gone. None of them may be left before it is taken up again.
 * @returns how often it was really killed (it may be complete before)
 */
export async function runKilled(
  dir: string,
  args: string[],
  { random, kills, spans_ms }: Killing,
): Promise<{ killed: number; ended: Ended }> {
  for (let killed = 0; ; ) {
    const { child, ended, says } = start(nextCommand(dir, args));
    if (killed < kills) {
      const over = new AbortController();
      // It ends by itself where it is complete, or where there is nothing but the report to make.
      const moment_ms = random.next() * random.pick(spans_ms);
      const moment = says('results go to').then(() => pause(moment_ms, undefined, { signal: over.signal }));
      await Promise.race([ended.then(() => over.abort()), moment.catch(() => undefined)]);
      if (child.exitCode === null && child.kill('SIGKILL')) {
        if (killed % 2 === 1) for (const pid of processesNaming(dir)) killTier(pid);
        killed++;
      }
    }
    const how = await ended;
    assert.deepEqual(await survivors(processesNaming(dir)), [], 'no process outlives its campaign');
    if (how.code !== null) return { killed, ended: how };
  }
}

/** It may have noticed meanwhile that its campaign is gone. */
function killTier(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Rows of one of a campaign's files, voided blocks included; it stands in braces after `from`. */
export function query(dir: string, sql: string): Promise<Record<string, unknown>[]> {
  const [from, name] = /from \{(\w+)\}/.exec(sql)!;
  const files = [join(dir, `${name}.parquet`), join(dir, 'voided', `${name}.parquet`)].filter(existsSync);
  return readParquet(files, sql.replaceAll(from, 'FROM file'));
}

/** The plan of a campaign of the built-in arms, drawn anew. */
function planOf({ profile, seed, arms, plan }: Manifest): PlanInput {
  const config = defaultCampaign({ profile, seed, arms: arms.map((a) => a.arm) });
  return planInputOf(config, workloads, plan.phases);
}

/** What is planned of a call, and stored of it, in one line. */
const lineOf = (call: Record<string, unknown>): string =>
  ['block', 'phase', 'condition', 'arm', 'round', 'slice', 'position', 'call_id', 'tool', 'operation', 'lead_in']
    .map((column) => String(call[column]))
    .join(' ');

/** Of every call that the block's interleaved part makes: a line. */
const plannedCalls = ({ block, sessions }: BlockPlan): string[] =>
  sessions.flatMap(({ phase, condition, lead_in, simultaneous, rounds }) =>
    rounds.flatMap(({ round, order, tasks }) =>
      order.flatMap((arm, place) => {
        const slice = simultaneous ? place : round * order.length + place;
        const calls = tasks.flatMap((task) => task.stages.flat());
        return calls.map((call) =>
          lineOf({ ...call, block, phase, condition, arm, round, slice, lead_in: call.position < lead_in }),
        );
      }),
    ),
  );

/** Every call of the plan was made, and stored, once; and no other. */
async function assertPlanned(dir: string, plan: PlanInput, planned: readonly number[]): Promise<void> {
  const blocks = planned.map((block) => blockPlan(plan, block));
  const rows = await query(dir, `select * from {calls} where block in (${planned.join(', ')})`);
  assert.deepEqual(rows.map(lineOf).sort(), blocks.flatMap(plannedCalls).sort());
  if (plan.phases.includes('load')) await assertPressed(dir, blocks);
}

/** Every step on every arm once: an open one with the calls that were due, a closed one with none twice and none left out. */
async function assertPressed(dir: string, blocks: readonly BlockPlan[]): Promise<void> {
  const stored = await query(
    dir,
    'select block, arm, step, count(*) n, count(distinct call) d, max(call) + 1 m from {load} group by all',
  );
  const steps = stored.map(({ block, arm, step, n }) => ({
    block: Number(block),
    arm,
    step: Number(step),
    n: Number(n),
  }));
  for (const { n, d, m } of stored) assert.deepEqual([Number(d), Number(m)], [Number(n), Number(n)]);
  for (const { block, load } of blocks) {
    for (const step of load?.steps ?? []) {
      const { pace } = loadOrder(load!, step, block);
      const found = steps.filter((s) => s.block === block && s.step === step.step);
      assert.deepEqual(found.map((s) => s.arm).sort(), [...load!.arms].sort(), `step ${step.step} on every arm`);
      if (pace.kind === 'open') assert.ok(found.every(({ n }) => n === pace.due_ns.length));
    }
  }
}

const filesOf = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => name !== 'voided')
    .sort();

const plannedBlocks = (manifest: Manifest): number[] =>
  manifest.blocks.filter((b) => b.replaces === null).map((b) => b.block);

/** The campaign is as if it had run through, its plan the same to the byte, but for the blocks that a noisy machine voids in the one and not in the other. */
export async function assertWhole(dir: string, reference: string): Promise<void> {
  const [manifest, known] = [manifestOf(dir), manifestOf(reference)];
  assert.equal(manifest.status, 'complete');
  assert.equal(JSON.stringify(manifest.plan), JSON.stringify(known.plan));
  const plan = planOf(known);
  // Over every byte of it.
  assert.equal(manifest.plan.digest, planDigest(plan));
  const planned = plannedBlocks(known);
  assert.deepEqual(plannedBlocks(manifest), planned);
  assert.deepEqual(manifest.parity, known.parity);
  assert.deepEqual(filesOf(dir), filesOf(reference));
  await assertPlanned(dir, plan, planned);
  const [twice] = await query(
    dir,
    'select count(*) - count(distinct (block, arm, call_id)) calls, count(*) - count(distinct trace_id) traces from {calls}',
  );
  assert.deepEqual([Number(twice!.calls), Number(twice!.traces)], [0, 0]);
  await assertStored(dir, manifest);
  const overlaps = await query(
    dir,
    `select block from (select block, b, lag(e) over (order by b) as was from (
       select block, min(due_ns) b, max(end_ns) e from {calls} group by block)) where b <= was`,
  );
  assert.deepEqual(overlaps, [], 'blocks do not overlap in time');
  const verified = await weighbridge(['verify', dir]);
  assert.equal(verified.code, 0, verified.stdout);
}

/** Every span and line that the tiers noted is there, once. */
async function assertStored(dir: string, manifest: Manifest): Promise<void> {
  const [spans] = await query(dir, 'select count(*) n, count(distinct SpanId) d from {spans}');
  const [logs] = await query(dir, 'select count(*) n from {logs}');
  const noted = (field: 'spans_started' | 'log_lines'): number =>
    manifest.blocks.flatMap((b) => b.telemetry).reduce((n, t) => n + t[field], 0);
  assert.deepEqual([Number(spans!.n), Number(spans!.d)], [noted('spans_started'), noted('spans_started')]);
  assert.equal(Number(logs!.n), noted('log_lines'));
}

export const discard = (dir: string): void => rmSync(dir, { recursive: true, force: true });
