/**
 * Mode `group_commit`: requests wait until their record is durable. One batch is written and synced at a time, and what
 * comes meanwhile is the next one, so that many requests share one fdatasync.
 *
 * Where a write fails or falls short, the file is cut back to its last durable record, and all who wait are refused;
 * every later request tries anew, so it mends itself as soon as the disk does. After a failed fdatasync nobody knows what
 * the disk holds (the kernel may have dropped the pages and call the next one a success): nothing is written any more
 * until the gateway is started again and has read what is really there.
 */
import { type Audit, type AuditState, cannotWrite } from './audit.ts';
import { writeAll } from './file.ts';
import type { AuditRecord } from './record.ts';

/** Outcomes that no decision has taken along by then are written by themselves. */
const flushEvery_ms = 1_000;
/** With so many unwritten, nothing more is taken: the disk does not keep up. */
const maxRecords = 20_000;

interface Entry {
  record: AuditRecord;
  /** Whoever waits; an outcome has nobody. */
  waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;
}

export class GroupCommitAudit implements Audit {
  readonly name = 'audit';
  readonly readsArguments = false;
  readonly mode = 'group_commit';
  readonly torn_bytes: number;
  readonly #state: AuditState;
  #queue: Entry[] = [];
  #begun: Promise<void> | undefined;
  #failed = false;
  /** For good: only a start can tell what the disk holds. */
  #broken = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(state: AuditState) {
    this.#state = state;
    this.torn_bytes = state.torn_bytes;
  }

  /** The record itself is committed later, when every control has decided; this refuses what could not be recorded. */
  decide(): undefined {
    if (this.#broken) throw cannotWrite();
    if (this.#queue.length >= maxRecords || this.#state.checkpointing.failed) {
      // Try again, so that it mends itself as soon as the disk does.
      this.#begin();
      throw cannotWrite();
    }
    return undefined;
  }

  commit = (record: AuditRecord): Promise<void> => {
    if (this.#broken || this.#queue.length >= maxRecords) return Promise.reject(cannotWrite());
    return new Promise((resolve, reject) => {
      this.#queue.push({ record, waiting: { resolve, reject } });
      this.#begin();
    });
  };

  note(record: AuditRecord): void {
    if (this.#broken || this.#queue.length >= maxRecords) return;
    this.#queue.push({ record, waiting: undefined });
    // By itself it would make the next decision wait for its own fdatasync.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#begin();
    }, flushEvery_ms).unref();
  }

  async flush(): Promise<void> {
    // A batch under way may not hold the latest records; outcomes that a full disk kept back get one try.
    await this.#begun;
    if (this.#queue.length > 0) this.#begin();
    await this.#begun;
  }

  get healthy(): boolean {
    return !this.#failed && !this.#broken && !this.#state.checkpointing.failed;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.flush();
    const { checkpointing, chain, file } = this.#state;
    if (!this.#broken) await checkpointing.finish(chain);
    this.#broken = true;
    await file.close();
  }

  #begin(): void {
    this.#begun ??= this.#run().finally(() => {
      this.#begun = undefined;
      if (this.#queue.some((entry) => entry.waiting)) this.#begin();
    });
  }

  async #run(): Promise<void> {
    // All requests that this turn of the event loop reads from their sockets go into one batch.
    await new Promise((resolve) => setImmediate(resolve));
    do await this.#writeBatch();
    while (!this.#failed && this.#queue.some((entry) => entry.waiting));
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#queue;
    this.#queue = [];
    const { file } = this.#state;
    const chain = this.#state.chain.copy();
    const data = Buffer.from(batch.map(({ record }) => `${chain.append(record)}\n`).join(''));
    try {
      await writeAll(file, data);
    } catch {
      await this.#cutBack();
      this.#refuse(batch);
      return;
    }
    try {
      await file.sync();
    } catch {
      this.#broken = true;
      this.#refuse(batch);
      return;
    }
    this.#state.chain = chain;
    this.#state.length += data.length;
    this.#failed = false;
    for (const { waiting } of batch) waiting?.resolve();
    if (this.#state.checkpointing.isDue(chain.size)) this.#state.checkpointing.begin(chain);
  }

  /** What a write that fell short has left must go: nobody was told that it is there. */
  async #cutBack(): Promise<void> {
    this.#failed = true;
    try {
      await this.#state.file.truncate(this.#state.length);
    } catch {
      this.#broken = true;
    }
  }

  /** Requests are denied, so nothing of theirs happens. Outcomes have happened: they stay for the next try. */
  #refuse(batch: readonly Entry[]): void {
    this.#queue.unshift(...batch.filter((entry) => !entry.waiting));
    for (const { waiting } of batch) waiting?.reject(cannotWrite());
  }
}
