/**
 * Narrow access to the embedded store for analysis: SQL stands in files, one query each; results come as small lists of
 * plain numbers and strings, or as a stream of typed columns, never as an object per row.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import { WeighbridgeError } from '#contract/errors.ts';

/** A column of a streamed chunk. DOUBLE arrives as Float64Array, INTEGER as Int32Array, SQL NULL as NaN or 0. */
export type Column = Float64Array | Int32Array;

export interface Store {
  /** Runs a statement. */
  execute(sql: string): Promise<void>;
  /** Runs the statements of a file, for what they create. */
  run(file: URL): Promise<void>;
  /** The rows of a query with few: BIGINT must be cast to DOUBLE or INTEGER in the query. */
  rows<T>(file: URL): Promise<T[]>;
  /** Streams a query with many rows whose columns are DOUBLE or INTEGER and never NULL. */
  stream(file: URL, onChunk: (columns: Column[], rows: number) => void): Promise<void>;
  close(): Promise<void>;
}

/** What may be held in memory at once; what does not fit goes to a temporary directory. */
const memoryLimit = '400MB';
const threads = 2;

/** An empty store in memory. Close it: it owns a temporary directory. */
export async function openStore(): Promise<Store> {
  const spill = await mkdtemp(join(tmpdir(), 'weighbridge-analysis-'));
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: memoryLimit,
    threads: String(threads),
    temp_directory: spill,
    preserve_insertion_order: 'false',
  });
  const db = await instance.connect();
  const text = (file: URL): Promise<string> => readFile(file, 'utf8');
  const failed = (file: URL | string, cause: unknown): WeighbridgeError =>
    new WeighbridgeError('STORE', `a query failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      where: String(file).split('/').slice(-3).join('/'),
      cause,
    });
  return {
    async execute(sql) {
      await db.run(sql).catch((cause) => Promise.reject(failed(sql.slice(0, 60), cause)));
    },
    async run(file) {
      await db.run(await text(file)).catch((cause) => Promise.reject(failed(file, cause)));
    },
    async rows<T>(file: URL) {
      const reader = await db.runAndReadAll(await text(file)).catch((cause) => Promise.reject(failed(file, cause)));
      return reader.getRowObjectsJS() as unknown as T[];
    },
    async stream(file, onChunk) {
      const result = await db.stream(await text(file)).catch((cause) => Promise.reject(failed(file, cause)));
      for (;;) {
        const chunk = await result.fetchChunk();
        if (!chunk || chunk.rowCount === 0) return;
        onChunk(columnsOf(chunk), chunk.rowCount);
      }
    },
    async close() {
      db.closeSync();
      instance.closeSync();
      await rm(spill, { recursive: true, force: true });
    },
  };
}

function columnsOf(chunk: DuckDBDataChunk): Column[] {
  return Array.from({ length: chunk.columnCount }, (_, i) => {
    const vector = chunk.getColumnVector(i) as { items?: unknown };
    const items = vector.items;
    if (items instanceof Float64Array || items instanceof Int32Array) return items;
    throw new WeighbridgeError('INTERNAL', `column ${i} of a stream is neither DOUBLE nor INTEGER`);
  });
}
