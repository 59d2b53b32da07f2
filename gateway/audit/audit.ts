/**
 * One record per request, as JSON lines. Mode `buffered`: records are held in memory and written in batches, off the
 * requests' path; a crash loses what was not yet written, at most `flushEvery_ms`. While records cannot be written, the
 * audit control refuses every request (norm 26): what cannot be recorded does not happen.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Control } from '../controls/control.ts';

const flushEvery_ms = 1_000;
/** Written at once when so many wait, without waiting for the timer. */
const batchRecords = 2_000;
/** With so many unwritten, no request is let in: the disk does not keep up. */
const maxRecords = 20_000;
/** What a failing disk may leave over; the refusals that it causes go unrecorded beyond that. */
const maxRest_bytes = 8_388_608;

export interface AuditRecord {
  /** ISO 8601, UTC: when the request came. */
  time: string;
  trace_id: string;
  span_id: string;
  /** Client id; empty where nobody has proven who calls. */
  agent: string;
  /** `tool.operation`, or `unknown`. */
  operation: string;
  decision: 'allow' | 'deny';
  /** Control that denied, and why; empty where allowed. */
  control: string;
  reason: string;
  /** As answered to the agent; 0 where the agent went away first. */
  status: number;
  /** SHA-256 (hex) over target, newline, body; empty where the body was too large to be held. */
  arguments_sha256: string;
}

/** What the audit needs of a file: a write may take less than it was given, or fail. */
export interface AuditFile {
  write(data: Buffer, offset: number): Promise<{ bytesWritten: number }>;
  close(): Promise<void>;
}

export class Audit implements Control {
  readonly name = 'audit';
  readonly readsArguments = false;
  readonly mode = 'buffered';
  readonly #file: AuditFile;
  #records: AuditRecord[] = [];
  /** What a write that fell short has left over; it goes first, so that no line is ever torn by a later one. */
  #rest: Buffer = Buffer.alloc(0);
  #failed = false;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: AuditFile) {
    this.#file = file;
  }

  /** @throws WeighbridgeError CONFIG where the file cannot be opened for appending. */
  static async open(path: string): Promise<Audit> {
    let handle: FileHandle;
    try {
      handle = await open(path, 'a', 0o600);
    } catch (cause) {
      throw new WeighbridgeError('CONFIG', `the audit file cannot be opened (${(cause as { code?: string }).code})`, {
        where: path,
        mend: 'name a file in a directory that exists and may be written to',
        cause,
      });
    }
    return new Audit({
      write: (data, offset) => handle.write(data, offset),
      close: () => handle.close(),
    });
  }

  decide(): undefined {
    if (this.#failed || this.#records.length >= maxRecords) {
      // Try again, so that it mends itself as soon as the disk does.
      this.#schedule();
      throw new WeighbridgeError('STORE', 'audit records cannot be written');
    }
    return undefined;
  }

  note(record: AuditRecord): void {
    if (this.#records.length >= maxRecords || this.#rest.length > maxRest_bytes) return;
    this.#records.push(record);
    if (this.#records.length === batchRecords) void this.flush();
    else this.#schedule();
  }

  /** Resolves when all that was noted before is written, or could not be: `healthy` tells. */
  async flush(): Promise<void> {
    // A batch under way may not hold the latest records.
    await this.#writing;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  get healthy(): boolean {
    return !this.#failed;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.flush();
    await this.#file.close();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, flushEvery_ms).unref();
  }

  async #write(): Promise<void> {
    const lines = this.#records.map((record) => `${JSON.stringify(record)}\n`).join('');
    this.#records = [];
    const data = Buffer.concat([this.#rest, Buffer.from(lines)]);
    let written = 0;
    try {
      while (written < data.length) {
        const { bytesWritten } = await this.#file.write(data, written);
        // A full disk takes part of it, or nothing, without an error.
        if (bytesWritten === 0) throw new Error('nothing was written');
        written += bytesWritten;
      }
      this.#failed = false;
    } catch {
      this.#failed = true;
    }
    this.#rest = data.subarray(written);
  }
}
