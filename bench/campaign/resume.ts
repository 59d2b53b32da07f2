/**
 * Taking up a campaign that ended early. The truth is `progress.json` with the blocks under `blocks/NNN/`; both stay
 * until the campaign is complete. Ctrl-C and errors leave a report of what is whole, marked aborted, but that report is
 * made beside the blocks, not out of them: so it costs a second copy of the rows for a while, and resuming costs no
 * row. Everything else in the directory is made anew.
 *
 * At the end: rows merged, manifest written (from here on it is complete), blocks and `progress.json` removed, report
 * and digests written last. A crash between any two of these is taken up where it fell.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';
import { syncPath } from '#contract/files.ts';
import {
  type Checkpoint,
  checkpointFile,
  checkpointTemporary,
  digestBlock,
  type Identity,
  readCheckpoint,
  saveCheckpoint,
} from './checkpoint.ts';
import type { Clock } from './clock.ts';
import { differences } from './identity.ts';
import { withoutBlocks } from './queue.ts';

export type Found =
  | { kind: 'unfinished'; checkpoint: Checkpoint }
  /** Everything is measured; only what is derived from it is missing. */
  | { kind: 'measured' };

/** Made of the blocks, and made again at the end. The digests go first: they hold for no directory under way. */
const outputs = [
  'checksums.sha256',
  'checksums.sha256.sig',
  'manifest.json',
  'analysis.json',
  'report.html',
  'adr.md',
  'junit.xml',
  'summary.md',
  ...['calls', 'attempts', 'spans', 'logs', 'resources', 'load'].map((name) => `${name}.parquet`),
  'voided',
];

/**
 * Looks at a directory, and touches nothing.
 * @throws WeighbridgeError CONFIG where there is nothing to take up
 */
export async function findCampaign(dir: string): Promise<Found> {
  const checkpoint = await readCheckpoint(dir);
  const status = await manifestStatus(dir);
  const report = existsSync(join(dir, 'checksums.sha256'));
  if (status === 'complete' && !(report && checkpoint === null)) return { kind: 'measured' };
  if (checkpoint) return { kind: 'unfinished', checkpoint };
  const what =
    status === 'complete'
      ? 'the campaign is complete'
      : status === 'aborted'
        ? `the campaign has no ${checkpointFile}: it was run by a release that could not resume`
        : existsSync(dir)
          ? `there is no campaign: no ${checkpointFile}`
          : 'there is no such directory';
  throw new WeighbridgeError('CONFIG', `nothing to resume: ${what}`, {
    where: dir,
    mend: status === 'complete' ? 'read its report, or run another campaign elsewhere' : 'run without --resume',
  });
}

async function manifestStatus(dir: string): Promise<unknown> {
  try {
    return (JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as { status?: unknown }).status;
  } catch {
    // Absent, or cut by a crash of a release that did not write it whole: no campaign is complete by it.
    return undefined;
  }
}

/** @throws WeighbridgeError CONFIG that lists everything that differs */
export function requireSame(was: Identity, is: Identity, dir: string): void {
  const lines = differences(was, is);
  if (lines.length === 0) return;
  throw new WeighbridgeError('CONFIG', `this would be another campaign\n  ${lines.join('\n  ')}`, {
    where: join(dir, checkpointFile),
    mend: 'restore what differs, or run a new campaign in another directory; nothing was changed here',
  });
}

/**
 * Keeps the blocks that are whole, drops those that are not, and notes that the campaign was resumed. Only for who holds
 * the store: two campaigns in one directory would take each other's blocks.
 */
export async function takeUp(dir: string, was: Checkpoint, clock: Clock): Promise<Checkpoint> {
  const dropped: { block: number; why: string }[] = [];
  for (const { record, files } of was.blocks) {
    const why = damage(files, await digestBlock(dir, record.block));
    if (why !== null) dropped.push({ block: record.block, why });
  }
  const course = withoutBlocks(
    was,
    dropped.map((d) => d.block),
  );
  const checkpoint: Checkpoint = {
    ...was,
    ...course,
    at_ns: String(clock.epoch_ns()),
    stopped: null,
    resumed: [
      ...was.resumed,
      { at: clock.now().toISOString(), after: was.stopped, blocks_kept: course.blocks.length, dropped },
    ],
  };
  for (const name of outputs) await rm(join(dir, name), { recursive: true, force: true });
  await saveCheckpoint(dir, checkpoint);
  await removeUnrecorded(dir, checkpoint);
  return checkpoint;
}

/** What is wrong with a block's files; null where they are what was stored. */
function damage(was: Record<string, string>, is: Record<string, string>): string | null {
  const names = Object.keys(was);
  const missing = names.find((name) => is[name] === undefined);
  if (missing !== undefined || names.length === 0) return `${missing ?? 'its files'} missing`;
  const changed = names.find((name) => is[name] !== was[name]);
  return changed === undefined ? null : `${changed} is not what was stored`;
}

/** Removes what a crash left under `blocks/`: blocks half written, and whole ones that were never noted. */
export async function removeUnrecorded(dir: string, { blocks }: Checkpoint): Promise<void> {
  const kept = new Set(blocks.map(({ record }) => String(record.block).padStart(3, '0')));
  for (const name of await readdir(join(dir, 'blocks'))) {
    if (!kept.has(name)) await rm(join(dir, 'blocks', name), { recursive: true, force: true });
  }
}

/** Removes what only resuming needs, once the manifest says complete. May be called again after a crash in it. */
export async function tidy(dir: string): Promise<void> {
  const blocks = join(dir, 'blocks');
  // By one rename, so that no half of the blocks is ever taken for all.
  if (existsSync(blocks)) await rename(blocks, `${blocks}.tmp`);
  for (const name of [
    'blocks.tmp',
    '.work',
    'collector.duckdb',
    'collector.duckdb.wal',
    checkpointTemporary,
    checkpointFile,
  ]) {
    await rm(join(dir, name), { recursive: true, force: true });
  }
  await syncPath(dir);
}
