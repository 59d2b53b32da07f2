/** The directory of checkpoints: elsewhere than the log, so that who can write the one need not be able to write the other. */
import type { KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { mkdir, readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AuditCheckpointConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { replaceFile } from '#contract/files.ts';
import { readSigningKey } from '#contract/keyFiles.ts';
import { type Checkpoint, openCheckpoint, signCheckpoint } from './checkpoint.ts';
import type { TreeHead } from './merkle.ts';
import { isKeyName, type NoteSigner } from './signedNote.ts';

const suffix = '.checkpoint';
/** Sorted by name they are sorted by size. */
const nameOf = (size: number): string => `${String(size).padStart(12, '0')}${suffix}`;

export interface StoredCheckpoint {
  file: string;
  note: string;
}

/** All notes of a directory, by name. @throws WeighbridgeError CONFIG where it cannot be read. */
export async function readCheckpoints(dir: string): Promise<StoredCheckpoint[]> {
  try {
    const names = (await readdir(dir)).filter((name) => name.endsWith(suffix)).sort();
    return await Promise.all(names.map(async (file) => ({ file, note: await readFile(join(dir, file), 'utf8') })));
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `the checkpoints cannot be read (${(cause as { code?: string }).code})`, {
      where: dir,
      mend: 'name the directory that the gateway writes checkpoints to (controls.audit.checkpoints.dir)',
      cause,
    });
  }
}

export class Checkpoints {
  readonly #dir: string;
  readonly #every_records: number;
  readonly #signer: NoteSigner;
  #latest: Checkpoint | undefined;

  private constructor(config: AuditCheckpointConfig, signer: NoteSigner, latest: Checkpoint | undefined) {
    this.#dir = config.dir;
    this.#every_records = config.every_records;
    this.#signer = signer;
    this.#latest = latest;
  }

  /** @throws WeighbridgeError CONFIG; INTEGRITY where the latest checkpoint was not signed by this key under this origin. */
  static async open(config: AuditCheckpointConfig, auditFile: string): Promise<Checkpoints> {
    const { dir, origin, every_records } = config;
    const refuse = (what: string, where: string, mend: string): WeighbridgeError =>
      new WeighbridgeError('CONFIG', `audit checkpoints: ${what}`, { where, mend });
    if (!isKeyName(origin)) {
      throw refuse('the origin must not hold white space or a plus sign', origin, 'use a name like example.com/audit');
    }
    if (!Number.isSafeInteger(every_records) || every_records < 1) {
      throw refuse('every_records must be a positive integer', String(every_records), 'for example 1000');
    }
    const privateKey = await readSigningKey(config.key_file, "the audit's signing key");
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw refuse(
        `the directory cannot be made (${(error as { code?: string }).code})`,
        dir,
        'name one that can be written',
      );
    }
    if ((await realpath(dir)) === (await realpath(dirname(auditFile)))) {
      throw refuse('they must lie elsewhere than the log', dir, 'name a directory on another disk or machine');
    }
    const last = (await readCheckpoints(dir)).at(-1);
    const latest = last && openLatest(last, dir, origin, createPublicKey(privateKey));
    return new Checkpoints(config, { name: origin, privateKey }, latest);
  }

  /** What was signed last, in an earlier run perhaps. */
  get latest(): Checkpoint | undefined {
    return this.#latest;
  }

  /** Is it time for one, with so many records on the disk? */
  isDue(size: number): boolean {
    return size - (this.#latest?.size ?? 0) >= this.#every_records;
  }

  /** Is anything not covered yet? */
  isBehind(size: number): boolean {
    return size > (this.#latest?.size ?? 0);
  }

  /** Signs and writes, whole and durable. Only for heads of records that are durable themselves. */
  async write(head: TreeHead): Promise<void> {
    const name = nameOf(head.size);
    const temporary = join(this.#dir, `.${name}.partial`);
    await replaceFile(join(this.#dir, name), signCheckpoint(head, this.#signer), { mode: 0o600, temporary });
    this.#latest = { ...head, origin: this.#signer.name };
  }
}

function openLatest({ file, note }: StoredCheckpoint, dir: string, origin: string, key: KeyObject): Checkpoint {
  const checkpoint = openCheckpoint(note, key);
  if (checkpoint?.origin === origin) return checkpoint;
  throw new WeighbridgeError('INTEGRITY', 'the latest checkpoint was not signed by this key for this origin', {
    where: join(dir, file),
    mend: 'a new key or origin needs a new directory and a new log',
  });
}
