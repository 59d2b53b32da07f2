/** Reads a packed recording: every call of every kept block, as the store gives them. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Recording, recordingSchema } from '#contract/coverage.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { openStore } from '../../collectors/traces/index.ts';
import type { ArmCalls, Recorded } from './samples.ts';

export const callsFile = 'calls.parquet';
export const recordingFile = 'recording.json';

export const textLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Files of Parquet as a table function reads them. */
export const parquetLiteral = (files: readonly string[]): string =>
  `read_parquet([${files.map((file) => textLiteral(file.replace(/[*?[]/g, '[$&]'))).join(', ')}])`;

/**
 * @throws WeighbridgeError CONFIG where there is no recording; INTEGRITY where its rows are not those that it tells of
 */
export async function readRecording(dir: string): Promise<Recorded> {
  const recording = await readHead(dir);
  const file = join(dir, callsFile);
  const digest = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  if (digest !== recording.calls_sha256) throw notWhatItTells(dir, 'its digest is another');
  const kept = recording.blocks.filter((b) => b.block !== null).length;
  const perSlot = recording.rounds * recording.slice_calls;
  const calls = Array.from({ length: kept }, () => recording.arms.map(() => emptySlot(perSlot)));
  const filled = new Uint32Array(kept * recording.arms.length);
  const store = await openStore();
  try {
    await store.execute(`CREATE VIEW calls AS FROM ${parquetLiteral([file])}`);
    const names = recording.arms.map((a, i) => `(${textLiteral(a.arm)}, ${i}, ${a.delay_ms !== null})`);
    await store.execute('CREATE TABLE arms(name VARCHAR, arm INTEGER, placebo BOOLEAN)');
    await store.execute(`INSERT INTO arms VALUES ${names.join(', ')}`);
    await store.stream(
      new URL('./sql/calls.sql', import.meta.url),
      ([block, arm, round, lead, latency, injected], n) => {
        for (let i = 0; i < n; i++) {
          const slot = calls[block![i]!]?.[arm![i]!];
          const at = filled[block![i]! * recording.arms.length + arm![i]!]!++;
          if (!slot || at >= perSlot) throw notWhatItTells(dir, `block ${block![i]} has more rows than it had calls`);
          if (Number.isNaN(injected![i]!)) throw notWhatItTells(dir, `block ${block![i]} lacks what was injected`);
          slot.round[at] = round![i]!;
          slot.lead_in[at] = lead![i]!;
          slot.latency_us[at] = latency![i]! / 1_000;
          slot.injected_us[at] = injected![i]! / 1_000;
        }
      },
    );
  } finally {
    await store.close();
  }
  const short = filled.findIndex((n) => n !== perSlot);
  if (short >= 0) throw notWhatItTells(dir, `block ${Math.floor(short / recording.arms.length)} lacks rows`);
  return { recording, calls };
}

const emptySlot = (calls: number): ArmCalls => ({
  round: new Uint8Array(calls),
  lead_in: new Uint8Array(calls),
  latency_us: new Float64Array(calls),
  injected_us: new Float64Array(calls),
});

const notWhatItTells = (dir: string, why: string): WeighbridgeError =>
  new WeighbridgeError('INTEGRITY', `${callsFile} is not what ${recordingFile} tells of: ${why}`, {
    where: join(dir, callsFile),
    mend: 'take both files from their source again',
  });

/** @throws WeighbridgeError CONFIG where there is none */
export async function readHead(dir: string): Promise<Recording> {
  const file = join(dir, recordingFile);
  try {
    return recordingSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `there is no packed recording: ${recordingFile} cannot be read`, {
      where: dir,
      mend: 'name a directory that `weighbridge coverage pack` wrote',
      cause,
    });
  }
}
