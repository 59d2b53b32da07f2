/** For the store's tests: rows as tiers send them, and a store of its own for each test. */
import { rm } from 'node:fs/promises';
import { WeighbridgeError } from '#contract/errors.ts';
import { readParquet, sampleDirectory } from '../samples/collector.ts';
import { type LogRow, type Origin, type SpanRow, Store } from './index.ts';

export const start = 1_760_000_000_000_000_000n;
export const isStore = (error: unknown) => error instanceof WeighbridgeError && error.code === 'STORE';

export const originOf = (service: string, block = 1, arm = 'gateway'): Origin => ({
  service,
  resource_attributes: JSON.stringify({
    'service.name': service,
    'service.instance.id': `${service}/1`,
    'weighbridge.block': String(block),
    'weighbridge.arm': arm,
  }),
  scope_name: 'weighbridge',
  scope_version: '1',
});

export const spanRow = (n: number, origin: Origin, fields: Partial<SpanRow> = {}): SpanRow => ({
  origin,
  start_ns: start + BigInt(n) * 256n,
  duration_ns: 1_024n,
  trace_id: n.toString(16).padStart(32, 'a'),
  span_id: n.toString(16).padStart(16, 'b'),
  parent_span_id: '',
  trace_state: '',
  name: 'GET /x',
  kind: 2,
  attributes: '{}',
  status: 0,
  status_message: '',
  ...fields,
});

export const logRow = (n: number, origin: Origin, fields: Partial<LogRow> = {}): LogRow => ({
  origin,
  time_ns: start + BigInt(n) * 256n,
  trace_id: n.toString(16).padStart(32, 'a'),
  span_id: n.toString(16).padStart(16, 'b'),
  flags: 1,
  severity_text: 'INFO',
  severity: 9,
  body: `line ${n}`,
  attributes: '{"scope":"request"}',
  ...fields,
});

export async function withStore(work: (store: Store, dir: string) => Promise<void>): Promise<void> {
  const dir = await sampleDirectory();
  const store = await Store.open(dir);
  try {
    await work(store, dir);
  } finally {
    await store.close().catch(() => undefined);
    await rm(dir, { recursive: true });
  }
}

export const columnsOf = async (file: string) =>
  (await readParquet(file, 'SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM file)')).map(
    (row) => `${row.column_name} ${row.column_type}`,
  );
