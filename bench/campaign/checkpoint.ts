/**
 * `progress.json`: what a campaign needs to be taken up again. Written whole before the first block and after each, it
 * stands in the directory until the campaign is complete, beside the blocks themselves under `blocks/NNN/`.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import { replaceFile } from '#contract/files.ts';
import { formatJson } from '#contract/json.ts';
import { manifestSchema } from '#contract/manifest.ts';

export const checkpointFile = 'progress.json';
/** What it is called until it is whole. */
export const checkpointTemporary = `${checkpointFile}.tmp`;

const digests = z.record(z.string(), z.string());
const { blocks, parity, processes, resumed } = manifestSchema.shape;

const keptBlockSchema = z.object({
  record: blocks.element,
  parity,
  processes,
  /** SHA-256 of each of its files: a block that was torn later is known by them. */
  files: digests,
});

const checkpointSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  /** ISO 8601. */
  started: z.string(),
  /** Text of campaign.yaml. */
  yaml: z.string(),
  /** What the command line said, so that it need not be said again. */
  flags: z.object({
    profile: z.string().optional(),
    arms: z.string().optional(),
    phases: z.string().optional(),
    seed: z.string().optional(),
  }),
  identity: z.object({
    plan: z.string(),
    /** By name: the text itself may hold headers that are nobody else's business. */
    configuration: digests,
    code: digests,
    machine: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
  /** Whole ones, voided or not. */
  blocks: z.array(keptBlockSchema),
  queue: z.array(z.object({ block: z.number().int(), replaces: z.number().int().nullable() })),
  /** What the pilot came to; null before its end, and where there is none. */
  sized: z.object({ blocks: z.number().int(), why: z.string() }).nullable(),
  /** How long it ran, breaks left out. */
  ran_s: z.number(),
  /** The campaign's clock when this was written, epoch ns. */
  at_ns: z.string(),
  /** Why it ended early; null while it runs, and after a crash. */
  stopped: z.string().nullable(),
  resumed: resumed.unwrap(),
});

export type Checkpoint = z.infer<typeof checkpointSchema>;
export type KeptBlock = z.infer<typeof keptBlockSchema>;
export type Queued = Checkpoint['queue'][number];
export type Identity = Checkpoint['identity'];

/**
 * Replaces the checkpoint: it is the old one or the new one, whatever happens meanwhile.
 * @throws WeighbridgeError STORE
 */
export const saveCheckpoint = (dir: string, checkpoint: Checkpoint): Promise<void> =>
  writeWhole(join(dir, checkpointFile), formatJson(checkpoint));

/**
 * @returns null where there is none
 * @throws WeighbridgeError INTEGRITY where it is none of ours
 */
export async function readCheckpoint(dir: string): Promise<Checkpoint | null> {
  const file = join(dir, checkpointFile);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return null;
    throw new WeighbridgeError('INTEGRITY', `${checkpointFile} cannot be read: ${cause.message}`, {
      where: file,
      cause,
    });
  });
  if (text === null) return null;
  try {
    return checkpointSchema.parse(JSON.parse(text));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    const what = issue ? `${issue.path.join('.')}: ${issue.message}` : (cause as Error).message;
    throw new WeighbridgeError('INTEGRITY', `${checkpointFile} does not say how the campaign stood: ${what}`, {
      where: file,
      mend: 'it was written by another release, or changed by hand: run the campaign again in another directory',
      cause,
    });
  }
}

/** Writes a file that is whole or not there. @throws WeighbridgeError STORE */
export async function writeWhole(file: string, text: string): Promise<void> {
  try {
    await replaceFile(file, text);
  } catch (cause) {
    throw new WeighbridgeError('STORE', `${file} could not be written: ${(cause as Error).message}`, {
      where: file,
      mend: 'is there space left on that disk?',
      cause,
    });
  }
}

export const blockDirectory = (dir: string, block: number): string =>
  join(dir, 'blocks', String(block).padStart(3, '0'));

/** SHA-256 of every file of a block, by name; none where the block is not there. */
export async function digestBlock(dir: string, block: number): Promise<Record<string, string>> {
  const directory = blockDirectory(dir, block);
  const names = await readdir(directory).catch(() => []);
  const found: Record<string, string> = {};
  for (const name of names.sort()) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(directory, name)), hash);
    found[name] = hash.digest('hex');
  }
  return found;
}
