/** Kills campaigns at random moments, takes them up again, and holds what comes out against one that ran through. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Manifest, manifestSchema } from '#contract/manifest.ts';
import type { Random } from '#contract/random.ts';
import { readParquet } from '../../collectors/samples/collector.ts';
import { type Ended, start, weighbridge } from './harness.ts';

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

/**
 * Runs a campaign to its end, killed so many times, each at a moment drawn from [0, span) after the sitting began.
 * @returns how often it was really killed (it may be complete before)
 */
export async function runKilled(
  dir: string,
  args: string[],
  { random, kills, span_ms }: { random: Random; kills: number; span_ms: number },
): Promise<{ killed: number; ended: Ended }> {
  for (let killed = 0; ; ) {
    const { child, ended, says } = start(nextCommand(dir, args));
    if (killed < kills) {
      const over = new AbortController();
      // It ends by itself where it is complete, or where there is nothing but the report to make.
      const moment = says('results go to').then(() =>
        pause(random.next() * span_ms, undefined, { signal: over.signal }),
      );
      await Promise.race([ended.then(() => over.abort()), moment.catch(() => undefined)]);
      if (child.exitCode === null && child.kill('SIGKILL')) killed++;
    }
    const how = await ended;
    if (how.code !== null) return { killed, ended: how };
  }
}

/** Rows of one of a campaign's files, voided blocks included; it stands in braces after `from`. */
export function query(dir: string, sql: string): Promise<Record<string, unknown>[]> {
  const [from, name] = /from \{(\w+)\}/.exec(sql)!;
  const files = [join(dir, `${name}.parquet`), join(dir, 'voided', `${name}.parquet`)].filter(existsSync);
  return readParquet(files, sql.replaceAll(from, 'FROM file'));
}

/** Which calls the planned blocks have, without what differs from run to run. */
const callsOf = (dir: string, planned: readonly number[]) =>
  query(
    dir,
    `select block, phase, condition, arm, round, slice, position, call_id, tool, operation, lead_in from {calls}
     where block in (${planned.join(', ')}) order by all`,
  );

const filesOf = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => name !== 'voided')
    .sort();

const plannedBlocks = (manifest: Manifest): number[] =>
  manifest.blocks.filter((b) => b.replaces === null).map((b) => b.block);

/** The campaign is as if it had run through, but for the blocks that a noisy machine voids in the one and not in the other. */
export async function assertWhole(dir: string, reference: string): Promise<void> {
  const [manifest, known] = [manifestOf(dir), manifestOf(reference)];
  assert.equal(manifest.status, 'complete');
  assert.deepEqual(manifest.plan, known.plan);
  const planned = plannedBlocks(known);
  assert.deepEqual(plannedBlocks(manifest), planned);
  assert.deepEqual(manifest.parity, known.parity);
  assert.deepEqual(filesOf(dir), filesOf(reference));
  assert.deepEqual(await callsOf(dir, planned), await callsOf(reference, planned));
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
