/** From a recording's parts to what is committed of it: `calls.parquet` and `recording.json`. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Recording, recordingSchema } from '#contract/coverage.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { replaceFile } from '#contract/files.ts';
import { formatJson } from '#contract/json.ts';
import type { Manifest } from '#contract/manifest.ts';
import { openStore, type Store } from '../../collectors/traces/index.ts';
import type { Identity } from '../campaign/checkpoint.ts';
import { differences } from '../campaign/identity.ts';
import { callsFile, parquetLiteral, readHead, recordingFile, textLiteral } from './packed.ts';
import { mergedParts } from './recorder.ts';

type Part = { dir: string; manifest: Manifest };
type RecordedBlock = Recording['blocks'][number];
type Head = Omit<Recording, 'blocks' | 'calls_sha256'>;

export interface PackOptions {
  /** Put it in the place of whatever recording is there. */
  replace?: boolean;
}

const sql = (name: string): URL => new URL(`./sql/${name}.sql`, import.meta.url);

/**
 * Packs the parts that are merged. Where it throws, what was packed before stands as it was.
 * @throws WeighbridgeError CONFIG where there is none, where they were not recorded alike, or where another recording is
 *   packed there; STORE where it is not known what was injected into a call
 */
export async function packRecording(
  dir: string,
  into: string,
  { replace = false }: PackOptions = {},
): Promise<Recording> {
  const parts = await mergedParts(dir);
  const [first] = parts;
  if (!first) {
    throw new WeighbridgeError('CONFIG', 'the recording has no part that is merged', {
      where: dir,
      mend: 'go on with it: `weighbridge coverage record --resume`; it is merged when it ends, or at Ctrl-C',
    });
  }
  for (const part of parts) requireAlike(first, part);
  const head = headOf(parts);
  if (!replace && existsSync(join(into, recordingFile))) await requireSame(into, head);
  await mkdir(into, { recursive: true });
  const blocks = await packCalls(parts, join(into, callsFile));
  const calls = await readFile(join(into, callsFile));
  const recording = recordingSchema.parse({
    ...head,
    blocks,
    calls_sha256: createHash('sha256').update(calls).digest('hex'),
  });
  await replaceFile(join(into, recordingFile), formatJson(recording));
  return recording;
}

/** Code and machine are looked after while recording; what blocks are compared over is looked at here. */
function requireAlike(first: Part, { dir, manifest }: Part): void {
  const shape = ({ plan, arms, weighbridge }: Manifest): string =>
    JSON.stringify([
      plan.rounds,
      plan.slice_calls,
      plan.lead_in,
      plan.pause_ms,
      plan.conditions,
      arms,
      weighbridge.commit,
    ]);
  if (shape(manifest) === shape(first.manifest)) return;
  throw new WeighbridgeError('CONFIG', 'the parts were not recorded alike', {
    where: dir,
    mend: 'pack the parts of one recording alone',
  });
}

/** What is committed took hours, and another recording's figures are others: it is replaced by its own continuation alone. */
async function requireSame(into: string, head: Head): Promise<void> {
  const there = await readHead(into).catch(() => null);
  const lines = there ? differences(identityOf(there), identityOf(head)) : [`its ${recordingFile} cannot be read`];
  if (lines.length === 0) return;
  throw new WeighbridgeError('CONFIG', `another recording is packed there already\n  ${lines.join('\n  ')}`, {
    where: into,
    mend: 'name another directory by --into, or put this one in its place by --replace; nothing was changed',
  });
}

function identityOf({ seed, parts, weighbridge, runtime, environment, ...shape }: Head): Identity {
  const { rounds, slice_calls, lead_in, pause_ms, workload, condition, arms } = shape;
  return {
    plan: '',
    configuration: {
      seed,
      rounds: String(rounds),
      // Two recordings of one plan differ in when they were begun.
      start: parts[0]!.started,
      shape: JSON.stringify([slice_calls, lead_in, pause_ms, workload, condition, arms]),
    },
    code: {
      commit: weighbridge.commit,
      lockfile: weighbridge.lockfile_sha256,
      'node binary': runtime.binary_sha256,
    },
    machine: environment,
  };
}

function headOf(parts: readonly Part[]): Head {
  const { seed, weighbridge, runtime, environment, plan, arms } = parts[0]!.manifest;
  return {
    version: 1,
    // Each part has a branch of the recording's seed.
    seed: seed.replace(/\/part\/\d+$/, ''),
    weighbridge: { ...weighbridge, dirty: parts.some(({ manifest }) => manifest.weighbridge.dirty) },
    runtime,
    environment,
    workload: plan.workloads[0]!,
    condition: plan.conditions[0]!,
    rounds: plan.rounds,
    slice_calls: plan.slice_calls,
    lead_in: plan.lead_in,
    pause_ms: plan.pause_ms,
    arms: arms.map(({ arm, label, delay_ms }) => ({ arm, label, delay_ms: delay_ms ?? null })),
    parts: parts.map(({ manifest }) => ({
      id: manifest.id,
      status: manifest.status,
      started: manifest.started,
      ended: manifest.ended,
      duration_s: manifest.duration_s,
      plan_digest: manifest.plan.digest,
      resumed: manifest.resumed ?? [],
    })),
  };
}

/** Writes the Parquet file, whole or not at all. */
async function packCalls(parts: readonly Part[], file: string): Promise<RecordedBlock[]> {
  const store = await openStore();
  try {
    await store.run(sql('packed'));
    const blocks: RecordedBlock[] = [];
    for (const [i, part] of parts.entries()) blocks.push(...(await packPart(store, part, i, keptIn(blocks))));
    await requireInjected(store, parts[0]!);
    const rows = 'SELECT * FROM packed ORDER BY block, arm, round, position';
    const how = 'FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 19, ROW_GROUP_SIZE 1048576';
    await store.execute(`COPY (${rows}) TO ${textLiteral(`${file}.tmp`)} (${how})`);
    await rename(`${file}.tmp`, file);
    return blocks;
  } finally {
    await store.close();
  }
}

/** A call whose injected delay is not known would count the whole of it as the instrument's error. */
async function requireInjected(store: Store, { dir, manifest }: Part): Promise<void> {
  const placebos = manifest.arms.filter((a) => a.delay_ms !== undefined).map((a) => `(${textLiteral(a.arm)})`);
  if (placebos.length === 0) return;
  await store.execute(`CREATE TABLE placebo(arm VARCHAR); INSERT INTO placebo VALUES ${placebos.join(', ')}`);
  const lacking = await store.rows<{ arm: string; block: number; calls: number }>(sql('lacking'));
  const [first] = lacking;
  if (!first) return;
  const calls = lacking.reduce((sum, l) => sum + l.calls, 0);
  throw new WeighbridgeError(
    'STORE',
    `of ${calls} ${calls === 1 ? 'call' : 'calls'} through a placebo it is not stored what was injected`,
    {
      where: `${dirname(dir)}: first in kept block ${first.block}, arm ${first.arm}`,
      mend: 'the spans of its gateway are not all there: record anew; nothing was packed',
    },
  );
}

const keptIn = (blocks: readonly RecordedBlock[]): number => blocks.filter((b) => b.block !== null).length;

async function packPart(store: Store, { dir, manifest }: Part, part: number, next: number): Promise<RecordedBlock[]> {
  const files = (name: string) => parquetLiteral([join(dir, `${name}.parquet`)]);
  const voided = join(dir, 'voided', 'calls.parquet');
  const everywhere = parquetLiteral([join(dir, 'calls.parquet'), ...(existsSync(voided) ? [voided] : [])]);
  await store.execute(`CREATE OR REPLACE VIEW calls AS FROM ${files('calls')}`);
  await store.execute(`CREATE OR REPLACE VIEW spans AS FROM ${files('spans')}`);
  await store.execute(`CREATE OR REPLACE VIEW all_calls AS FROM ${everywhere}`);
  const starts = await store.rows<{ block: number; ms: number }>(sql('starts'));
  const started = new Map(starts.map(({ block, ms }) => [block, new Date(ms).toISOString()]));
  const blocks = manifest.blocks
    .toSorted((a, b) => (started.get(a.block)! < started.get(b.block)! ? -1 : 1))
    .map(({ block, voided, replaces, settled_ms, gates }) => ({
      block: voided === null ? next++ : null,
      part,
      of_part: block,
      started: started.get(block)!,
      voided,
      replaces,
      settled_ms,
      gates,
    }));
  const kept = blocks.filter((b) => b.block !== null).map((b) => `(${b.of_part}, ${b.block})`);
  await store.execute('CREATE OR REPLACE TABLE kept(of_part INTEGER, block INTEGER)');
  if (kept.length > 0) await store.execute(`INSERT INTO kept VALUES ${kept.join(', ')}`);
  await store.run(sql('pack'));
  return blocks;
}
