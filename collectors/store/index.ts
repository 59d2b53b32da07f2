/**
 * The store: what a campaign's tiers noted, held in DuckDB until its block ends, then as Parquet. This process alone
 * opens the database; everyone else reads the Parquet files.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { AttemptRow, CallRow, LoadReport, LoadStep, ResourceRow } from '#contract/calls.ts';
import type { StoredCounts } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { syncPath } from '#contract/files.ts';
import { writeDirectory } from './files.ts';
import { LoadTables, loadTables } from './load.ts';
import type { LogRow, SpanRow } from './rows.ts';
import { fileLiteral, literal, sql } from './sql.ts';
import { Staging } from './staging.ts';
import { NamedTable } from './table.ts';

export type { LogRow, Origin, SpanRow } from './rows.ts';

const outputs = ['calls', 'attempts', 'spans', 'logs', 'resources', 'load'] as const;
const databaseName = 'collector.duckdb';
/**
 * Compression levels of zstd: blocks are read once more and thrown away; what they are merged into stays. Measured on the
 * 81,000 attempts of a quick campaign: level 12 takes 0.4 s and 1.06 MB, 19 takes 2.4 s and 1.00 MB; on its 216,000 spans
 * the higher level would take 19 s in place of 2.
 *
 * Rows that share a dictionary: of fewer, more values repeat within it. On a quick campaign spans take 5 % less by groups of
 * 65,536 than of 262,144, calls 3 % less by 16,384; log lines take less the more of them stand together.
 */
const packing = {
  block: { level: 3, rows: 262_144 },
  calls: { level: 19, rows: 16_384 },
  attempts: { level: 19, rows: 16_384 },
  spans: { level: 12, rows: 65_536 },
  logs: { level: 19, rows: 262_144 },
  resources: { level: 19, rows: 262_144 },
  load: { level: 12, rows: 262_144 },
};
type Packing = (typeof packing)[keyof typeof packing];
/** How long to wait for the database of a collector that is about to end. */
const lockWait_ms = 3_000;
const lockPoll_ms = 50;
/** In the order in which they refer to each other. */
const tables = ['origins', 'staged_spans', 'staged_logs', 'calls', 'agent_attempts', 'resources', ...loadTables];
const views = ['spans', 'logs', 'attempts', 'load'];

interface Appenders {
  staging: Staging;
  calls: NamedTable;
  attempts: NamedTable;
  resources: NamedTable;
  load: LoadTables;
}

export class Store {
  readonly #dir: string;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #appenders: Appenders;
  #closed = false;
  /** Work goes one after the other: rows that arrive while a block is being written belong to the next one. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(dir: string, instance: DuckDBInstance, connection: DuckDBConnection, appenders: Appenders) {
    this.#dir = dir;
    this.#instance = instance;
    this.#connection = connection;
    this.#appenders = appenders;
  }

  /**
   * Opens the store of a results directory, making it where it is missing.
   * @throws WeighbridgeError STORE where the directory cannot be used, or another collector uses it
   */
  static async open(dir: string): Promise<Store> {
    try {
      await rm(join(dir, 'blocks.tmp'), { recursive: true, force: true });
      await mkdir(join(dir, 'blocks'), { recursive: true });
      const instance = await openDatabase(join(dir, databaseName));
      const connection = await instance.connect();
      return new Store(dir, instance, connection, await openTables(connection));
    } catch (cause) {
      const mend = 'one collector at a time may use a results directory, and it must be writable';
      throw failed('the store could not be opened', dir, mend, cause);
    }
  }

  addSpans(rows: readonly SpanRow[]): Promise<void> {
    return this.#inTurn(() => this.#appenders.staging.addSpans(rows));
  }

  addLogs(rows: readonly LogRow[]): Promise<void> {
    return this.#inTurn(() => this.#appenders.staging.addLogs(rows));
  }

  /** @throws WeighbridgeError STORE where a row does not fit its table; none is stored then */
  addCalls(calls: readonly CallRow[], attempts: readonly AttemptRow[]): Promise<void> {
    return this.#inTurn(() => {
      this.#appenders.calls.check(calls);
      this.#appenders.attempts.check(attempts);
      this.#appenders.calls.add(calls);
      this.#appenders.attempts.add(attempts);
    });
  }

  /** @throws WeighbridgeError STORE where a row does not fit its table; none is stored then */
  addResources(rows: readonly ResourceRow[]): Promise<void> {
    return this.#inTurn(() => {
      this.#appenders.resources.check(rows);
      this.#appenders.resources.add(rows);
    });
  }

  /** @throws WeighbridgeError STORE where the step does not fit its table; nothing of it is stored then */
  addLoad(step: LoadStep, report: LoadReport): Promise<void> {
    return this.#inTurn(() => this.#appenders.load.add(step, report));
  }

  /** What was stored since the last block ended. */
  counts(): Promise<StoredCounts> {
    return this.#inTurn(() => this.#staged());
  }

  /** Forgets what was stored since the last block ended. */
  discard(): Promise<void> {
    return this.#inTurn(() => this.#empty());
  }

  /**
   * Writes what the block holds to `blocks/NNN/`, all of its files or none, and empties the store.
   * @returns counted in the files themselves
   * @throws WeighbridgeError STORE
   */
  endBlock(block: number): Promise<StoredCounts> {
    return this.#inTurn(async () => {
      const directory = join(this.#dir, 'blocks', String(block).padStart(3, '0'));
      try {
        await writeDirectory(directory, (into) => this.#writeStaged(into));
        await this.#empty();
        return await this.#countFiles([directory]);
      } catch (cause) {
        throw failed(`block ${block} could not be stored`, directory, 'is there space left on that disk?', cause);
      }
    });
  }

  /**
   * Merges the blocks into the directory's own Parquet files, and the voided ones among them into `voided/`, where
   * nobody takes their rows for kept ones; then removes `blocks/`, unless told to keep it, and the database. The store is
   * closed afterwards.
   * @throws WeighbridgeError STORE
   */
  merge(voided: readonly number[] = [], keepBlocks = false): Promise<StoredCounts> {
    return this.#inTurn(async () => {
      const blocks = join(this.#dir, 'blocks');
      const aside = join(this.#dir, 'voided');
      try {
        const names = (await readdir(blocks))
          .filter((name) => /^\d+$/.test(name))
          .sort((a, b) => Number(a) - Number(b));
        const isVoid = (name: string) => voided.includes(Number(name));
        const anyVoid = names.some(isVoid);
        await rm(aside, { recursive: true, force: true });
        if (anyVoid) await writeDirectory(aside, (into) => this.#writeMerged(names.filter(isVoid), into));
        const merged = join(blocks, 'merged');
        const kept = names.filter((name) => !isVoid(name));
        await writeDirectory(merged, (into) => this.#writeMerged(kept, into));
        for (const output of outputs) {
          await rename(join(merged, `${output}.parquet`), join(this.#dir, `${output}.parquet`));
        }
        await syncPath(this.#dir);
        const counts = await this.#countFiles(anyVoid ? [this.#dir, aside] : [this.#dir]);
        this.#close();
        if (keepBlocks) await rm(merged, { recursive: true });
        else {
          // By one rename, so that a merge that is cut short here is never taken up again with half of the blocks.
          await rename(blocks, `${blocks}.tmp`);
          await rm(`${blocks}.tmp`, { recursive: true });
        }
        for (const name of [databaseName, `${databaseName}.wal`]) await rm(join(this.#dir, name), { force: true });
        return counts;
      } catch (cause) {
        throw failed('the blocks could not be merged', blocks, 'is there space left on that disk?', cause);
      }
    });
  }

  /** Lets go of the database; blocks that were ended stay. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return this.#inTurn(() => this.#close());
  }

  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => {
      if (this.#closed) throw new WeighbridgeError('STORE', 'the store is closed', { where: this.#dir });
      return work();
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #flush(): void {
    for (const appender of Object.values(this.#appenders)) appender.flush();
  }

  async #empty(): Promise<void> {
    this.#flush();
    for (const table of tables) await this.#connection.run(sql('empty', { table }));
    this.#appenders.staging.forgetOrigins();
    this.#appenders.load.forgetSteps();
  }

  async #writeStaged(directory: string): Promise<void> {
    this.#flush();
    for (const output of outputs) {
      await this.#write(sql(`ordered_${output}`), join(directory, `${output}.parquet`), packing.block);
    }
  }

  async #writeMerged(names: readonly string[], directory: string): Promise<void> {
    // Without a block there are empty files, not none.
    if (names.length === 0) return this.#writeStaged(directory);
    for (const output of outputs) {
      const files = names.map((name) => fileLiteral(join(this.#dir, 'blocks', name, `${output}.parquet`)));
      const rows = sql('merged', { files: `[${files.join(', ')}]` });
      await this.#write(rows, join(directory, `${output}.parquet`), packing[output]);
    }
  }

  async #write(rows: string, file: string, { level, rows: rows_a_group }: Packing): Promise<void> {
    const how = { level: String(level), rows_a_group: String(rows_a_group) };
    await this.#connection.run(sql('write_parquet', { rows, file: literal(file), ...how }));
  }

  #staged(): Promise<StoredCounts> {
    this.#flush();
    return this.#count(Object.fromEntries(outputs.map((output) => [output, output])));
  }

  #countFiles(directories: readonly string[]): Promise<StoredCounts> {
    const source = (output: string) =>
      `read_parquet([${directories.map((d) => fileLiteral(join(d, `${output}.parquet`))).join(', ')}])`;
    return this.#count(Object.fromEntries(outputs.map((output) => [output, source(output)])));
  }

  async #count(sources: Record<string, string>): Promise<StoredCounts> {
    const counts: StoredCounts = {
      calls: 0,
      attempts: 0,
      spans: 0,
      spans_by_service: {},
      logs: 0,
      logs_by_service: {},
      resources: 0,
      load: 0,
    };
    const counted = await this.#connection.runAndReadAll(sql('counts', sources));
    for (const [what, service, n] of counted.getRows() as [keyof StoredCounts, string | null, bigint][]) {
      (counts[what] as number) += Number(n);
      if (what === 'spans') counts.spans_by_service[service!] = Number(n);
      if (what === 'logs') counts.logs_by_service[service!] = Number(n);
    }
    return counts;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const appender of Object.values(this.#appenders)) appender.close();
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/**
 * The collector of a campaign that was killed ends by itself, but a moment later: whoever takes up its directory at once
 * waits for it. A crash or a full disk may leave a file that is no database; nothing in it outlives its process, so a new
 * one takes its place.
 */
async function openDatabase(file: string): Promise<DuckDBInstance> {
  const isLocked = (error: unknown): boolean => /could not set lock/i.test(String(error));
  const until_ms = performance.now() + lockWait_ms;
  let renewed = false;
  for (;;) {
    try {
      return await DuckDBInstance.create(file);
    } catch (error) {
      if (isLocked(error) && performance.now() < until_ms) await pause(lockPoll_ms);
      else if (isLocked(error) || renewed) throw error;
      else {
        renewed = true;
        for (const name of [file, `${file}.wal`]) await rm(name, { force: true });
      }
    }
  }
}

async function openTables(connection: DuckDBConnection): Promise<Appenders> {
  for (const name of ['stored', ...tables, ...views]) await connection.run(sql(`create_${name}`));
  return {
    staging: await Staging.open(connection),
    calls: await NamedTable.open(connection, 'calls'),
    attempts: await NamedTable.open(connection, 'agent_attempts'),
    resources: await NamedTable.open(connection, 'resources'),
    load: await LoadTables.open(connection),
  };
}

function failed(what: string, where: string, mend: string, cause: unknown): WeighbridgeError {
  return new WeighbridgeError('STORE', `${what}: ${(cause as Error).message}`, { where, mend, cause });
}
