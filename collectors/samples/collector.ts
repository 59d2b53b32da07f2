/** For tests: the store and the receiver before it, in a directory of their own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Receiver, startReceiver } from '../receiver/server.ts';
import { Store } from '../store/index.ts';

export interface SampleCollector extends AsyncDisposable {
  dir: string;
  store: Store;
  receiver: Receiver;
}

/** The directory's name has all that trips up shells, SQL and file patterns. */
export const sampleDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), "weighbridge's [test] *"));

export async function startSampleCollector(max_body_bytes?: number): Promise<SampleCollector> {
  const dir = await sampleDirectory();
  const store = await Store.open(dir);
  const receiver = await startReceiver({ store, ...(max_body_bytes === undefined ? {} : { max_body_bytes }) });
  return {
    dir,
    store,
    receiver,
    async [Symbol.asyncDispose]() {
      await receiver.close();
      await store.close().catch(() => undefined);
      await rm(dir, { recursive: true });
    },
  };
}

/** Reads Parquet as anyone would: `FROM file` is the file, or all of them together. */
export async function readParquet(file: string | string[], query: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const patterns = [file].flat().map((name) => `'${name.replaceAll("'", "''").replace(/[*?[]/g, '[$&]')}'`);
    const source = `FROM read_parquet([${patterns.join(', ')}])`;
    return (await connection.runAndReadAll(query.replaceAll('FROM file', source))).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
