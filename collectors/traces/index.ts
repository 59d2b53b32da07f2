/**
 * Trace and log analysis: where a call's time went, which lines join their trace, which traces are whole. Pure reading:
 * every figure is a query over stored spans and lines, and whole numbers leave the store.
 *
 * The caller provides the views `spans` and `logs` (columns of the ClickHouse exporter) and the tables
 * `cell_block(cb, phase, arm, block, …)` and `call(trace, cb, lead_in, ok, answered, due_ns, start_ns, end_ns,
 * latency_ns)`, where `trace` is `hash(trace_id)` and `cb` numbers a cell and block. Views and calls may stand for some
 * blocks of a campaign and then for the next ones: `readTraces` replaces what it left before.
 */
import type { Column, Store } from './store.ts';

export { type Column, openStore, type Store } from './store.ts';

const sql = (name: string): URL => new URL(`./sql/${name}.sql`, import.meta.url);
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Where a service stands on a call's path. */
export type Role = 'agent' | 'gateway' | 'tool';
const roleNumber: Record<Role, number> = { agent: 1, gateway: 2, tool: 3 };

export interface Service {
  code: number;
  name: string;
  /** 1 agent, 2 gateway, 3 tool, 0 none of them. */
  role: number;
}

/**
 * Leaves the table `service`, which numbers those of all spans and lines. To be called once, before traces are read.
 * @returns the services that sent something or stand on a path
 */
export async function readServices(store: Store, tiers: ReadonlyMap<string, Role>): Promise<Service[]> {
  const rows = [...tiers].map(([service, role]) => `(${quoted(service)}, ${roleNumber[role]})`);
  await store.execute(`CREATE TABLE tier(service VARCHAR, role INTEGER); INSERT INTO tier VALUES ${rows.join(', ')}`);
  await store.run(sql('service'));
  return store.rows<Service>(sql('services'));
}

/** Reads spans and lines once, and leaves the tables `span`, `path`, `overlap` and `line` for the queries below. */
export async function readTraces(store: Store): Promise<void> {
  for (const name of ['span', 'path', 'overlap', 'line']) await store.run(sql(name));
}

/** Lets go of what `readTraces` left, so that it does not stand beside what is read next. */
export const dropTraces = (store: Store): Promise<void> => store.run(sql('drop_traces'));

/** Sums over the warm, answered calls of a cell and block, ns; `complete` counts those whose tool span was stored. */
export interface PartSums {
  cb: number;
  calls: number;
  traced: number;
  complete: number;
  ok: number;
  felt_ns: number;
  agent_ns: number;
  refresh_ns: number;
  wire_ns: number;
  gateway_ns: number;
  upstream_wire_ns: number;
  check_ns: number;
  tool_ns: number;
  /** Attempts minus tool service, over the complete ones. */
  hop_ns: number | null;
}

export const partSums = (store: Store): Promise<PartSums[]> => store.rows<PartSums>(sql('parts'));

/** Columns: cb, lead_in (0 or 1), felt_ns (Infinity where no answer came), hop_ns and gateway_ns (Infinity where it did not end well, NaN where not seen). In any order. */
export const callTimes = (store: Store, onChunk: (columns: Column[], rows: number) => void): Promise<void> =>
  store.stream(sql('call_times'), onChunk);

/** Request-scoped lines that were stored. */
export interface LineCount {
  /** −1 where their trace is no call's; only then owner and block are given. */
  cb: number;
  service: number;
  /** Arm whose process wrote them; '' where the process serves all arms. */
  owner: string;
  block: number;
  lines: number;
  joined: number;
}

export async function lineCounts(store: Store): Promise<LineCount[]> {
  await store.run(sql('stray'));
  return store.rows<LineCount>(sql('lines'));
}

/** Of the calls that ended well: how many have spans of every service in `needs.get(cb)`. */
export async function completeTraces(
  store: Store,
  needs: ReadonlyMap<number, readonly Service[]>,
): Promise<{ cb: number; traces: number; complete: number }[]> {
  await store.execute('CREATE OR REPLACE TABLE need(cb INTEGER, services BIGINT)');
  const rows = [...needs].map(
    ([cb, services]) => `(${cb}, ${services.reduce((bits, s) => bits | (1n << BigInt(s.code)), 0n)})`,
  );
  if (rows.length > 0) await store.execute(`INSERT INTO need VALUES ${rows.join(', ')}`);
  return store.rows(sql('complete'));
}

/** Spans whose parent was not stored. */
export const orphans = (store: Store): Promise<{ cb: number; orphans: number }[]> => store.rows(sql('orphans'));

/** In the correlation phase: lines that a join by timestamp alone gives to the right trace. */
export const byTimestamp = (store: Store): Promise<{ cb: number; lines: number; right_lines: number }[]> =>
  store.rows(sql('by_timestamp'));
