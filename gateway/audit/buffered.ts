/**
 * Mode `buffered`: one record per request, held in memory and written in batches, off the requests' path; a crash loses
 * what was not yet written, at most `flushEvery_ms`. Records are chained when they are written, so a request pays for an
 * entry in an array and nothing more. After a failed fdatasync nothing is written or signed any more, for the reason that
 * `groupCommit.ts` tells.
 */
import { type Audit, type AuditState, cannotWrite } from './audit.ts';
import type { AuditRecord } from './record.ts';

const flushEvery_ms = 1_000;
/** Written at once when so many wait, without waiting for the timer. */
const batchRecords = 2_000;
/** With so many unwritten, no request is let in: the disk does not keep up. */
const maxRecords = 20_000;
/** What a failing disk may leave over; the refusals that it causes go unrecorded beyond that. */
const maxRest_bytes = 8_388_608;

export class BufferedAudit implements Audit {
  readonly name = 'audit';
  readonly readsArguments = false;
  readonly mode = 'buffered';
  readonly commit = undefined;
  readonly torn_bytes: number;
  readonly #state: AuditState;
  #records: AuditRecord[] = [];
  /** What a write that fell short has left over; it goes first, so that no line is ever torn by a later one. */
  #rest: Buffer = Buffer.alloc(0);
  #failed = false;
  /** For good: only a start can tell what the disk holds. */
  #broken = false;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(state: AuditState) {
    this.#state = state;
    this.torn_bytes = state.torn_bytes;
  }

  decide(): undefined {
    if (this.#broken) throw cannotWrite();
    if (!this.healthy || this.#records.length >= maxRecords) {
      // Try again, so that it mends itself as soon as the disk does.
      this.#schedule();
      throw cannotWrite();
    }
    return undefined;
  }

  note(record: AuditRecord): void {
    if (this.#broken || this.#records.length >= maxRecords || this.#rest.length > maxRest_bytes) return;
    this.#records.push(record);
    if (this.#records.length === batchRecords) void this.flush();
    else this.#schedule();
  }

  async flush(): Promise<void> {
    // A batch under way may not hold the latest records.
    await this.#writing;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  get healthy(): boolean {
    return !this.#failed && !this.#broken && !this.#state.checkpointing.failed;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.flush();
    const { checkpointing, chain, file } = this.#state;
    if (checkpointing.on && !this.#failed && !this.#broken && (await this.#synced())) await checkpointing.finish(chain);
    await file.close();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, flushEvery_ms).unref();
  }

  async #write(): Promise<void> {
    if (this.#broken) return;
    const { file, chain, checkpointing } = this.#state;
    const lines = this.#records.map((record) => `${chain.append(record)}\n`).join('');
    this.#records = [];
    const data = Buffer.concat([this.#rest, Buffer.from(lines)]);
    let written = 0;
    try {
      while (written < data.length) {
        const { bytesWritten } = await file.write(data, written);
        // A full disk takes part of it, or nothing, without an error.
        if (bytesWritten === 0) throw new Error('nothing was written');
        written += bytesWritten;
      }
      this.#failed = false;
    } catch {
      this.#failed = true;
    }
    this.#rest = data.subarray(written);
    if (!this.#failed && checkpointing.isDue(chain.size) && (await this.#synced())) checkpointing.begin(chain);
  }

  /** A checkpoint must not cover what a loss of power could still take away. */
  async #synced(): Promise<boolean> {
    try {
      await this.#state.file.sync();
      return true;
    } catch {
      this.#broken = true;
      return false;
    }
  }
}
