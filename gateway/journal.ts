/**
 * What a control must still know after a restart: JSON lines, appended, and durable (fdatasync) before they count.
 * Records that arrive together share one write. What a failed write has left over is cut off before the next one, and a
 * torn last line when the file is opened, so a record is there whole or not at all. One process per file.
 */
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ZodType } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import { replaceFile, syncPath } from '#contract/files.ts';

/** What the journal needs of a file: a write may take less than it was given, or fail. */
export interface JournalFile {
  write(data: Buffer, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(size_bytes: number): Promise<void>;
  close(): Promise<void>;
}

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Journal<R> {
  readonly #file: JournalFile;
  /** Up to here everything is durable. */
  #size_bytes: number;
  /** May something stand behind that? */
  #torn = false;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  constructor(file: JournalFile, size_bytes: number) {
    this.#file = file;
    this.#size_bytes = size_bytes;
  }

  /**
   * Opens or begins a journal. `fold` says which records still matter: where there are fewer than in the file, the file
   * is replaced at once (temporary file, sync, rename).
   * @throws WeighbridgeError CONFIG where the file cannot be opened, INTEGRITY where a whole line is no record.
   */
  static async open<R>(
    path: string,
    schema: ZodType<R>,
    fold: (records: R[]) => R[],
  ): Promise<{ journal: Journal<R>; records: R[] }> {
    const file = await openFile(path);
    try {
      const { size } = await file.stat();
      const read = size === 0 ? Buffer.alloc(0) : await file.readFile();
      const whole = read.subarray(0, read.lastIndexOf(0x0a) + 1);
      if (!isUtf8(whole)) throw noRecord(path);
      const all = whole.toString('utf8').split('\n').slice(0, -1);
      const records = fold(all.map((line, index) => parse(line, schema, `${path}:${index + 1}`)));
      if (records.length === all.length) {
        if (size === 0) await syncPath(dirname(path));
        if (whole.length < size) await file.truncate(whole.length);
        return { journal: new Journal<R>(file, whole.length), records };
      }
      await file.close();
      const lines = records.map(lineOf).join('');
      await replaceFile(path, lines, { mode: 0o600, temporary: `${path}.new` });
      return { journal: new Journal<R>(await openFile(path), Buffer.byteLength(lines)), records };
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /** Resolves once the record is durable; the records of one journal are so in the order of their appends. @throws STORE */
  append(record: R): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line: lineOf(record), resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(Buffer.from(batch.map(({ line }) => line).join('')));
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        const error = new WeighbridgeError('STORE', 'the state of a control cannot be written', { cause });
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(data: Buffer): Promise<void> {
    if (this.#torn) await this.#file.truncate(this.#size_bytes);
    this.#torn = true;
    let written = 0;
    while (written < data.length) {
      const { bytesWritten } = await this.#file.write(data, written, data.length - written, this.#size_bytes + written);
      // A full disk takes part of it, or nothing, without an error.
      if (bytesWritten === 0) throw new Error('nothing was written');
      written += bytesWritten;
    }
    await this.#file.datasync();
    this.#size_bytes += data.length;
    this.#torn = false;
  }
}

const lineOf = (record: unknown): string => `${JSON.stringify(record)}\n`;

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `the file cannot be opened (${(cause as { code?: string }).code})`, {
      where: path,
      mend: 'name a file in a directory that exists and may be written to',
      cause,
    });
  }
}

function parse<R>(line: string, schema: ZodType<R>, where: string): R {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw noRecord(where);
}

const noRecord = (where: string): WeighbridgeError =>
  new WeighbridgeError('INTEGRITY', 'a line of the journal is no record of this control', {
    where,
    mend: 'find out who changed the file; the gateway does not start with state that it cannot read',
  });
