/**
 * Everything that is read from the store: sums and counts per cell and block, all whole numbers, and the times. Rows are read
 * and held a batch of blocks at a time, and what is kept of each batch is a few numbers per cell and block, and its times.
 */
import { disturbed } from '#contract/calls.ts';
import type { Manifest } from '#contract/manifest.ts';
import {
  byTimestamp,
  completeTraces,
  dropTraces,
  type LineCount,
  lineCounts,
  orphans,
  type PartSums,
  partSums,
  readServices,
  readTraces,
  type Service,
  type Store,
} from '../../collectors/traces/index.ts';
import type { SortedSamples } from '../stats/samples.ts';
import { type BlockSpan, batchesOf } from './batches.ts';
import { openBatch, openCampaign, rolesOf } from './campaign.ts';
import { type Cell, type CellBlock, cellsOf, type Setting, settingsOf } from './cells.ts';
import { readInjected } from './injected.ts';
import { countLoops } from './loops.ts';
import { type BlockTimes, readTimes } from './times.ts';
import { readLegs, readTasks, type Timing } from './timing.ts';

/** How the calls of a cell and block ended; `unauthorized` met a 401 on the agent's leg, `touched` on any, `thrice` three times. */
export interface Counts {
  cb: number;
  calls: number;
  warm: number;
  slices: number;
  ok: number;
  denied: number;
  failed: number;
  timeout: number;
  lost: number;
  unauthorized: number;
  touched: number;
  recovered: number;
  thrice: number;
}

export interface Legs {
  cb: number;
  on_agent: number;
  on_gateway: number;
  over_broad: number;
  readable: number;
}

export interface Usage {
  cb: number;
  tier: string;
  calls: number;
  cpu_ns: number;
  run_queue_ns: number;
  peak_rss_bytes: number;
}

export interface Data {
  manifest: Manifest;
  /** All, those of disturbed rounds included. */
  cells: Cell[];
  /** That figures and differences are made of: without disturbed rounds, which were measured again. */
  settings: Setting[];
  services: Service[];
  times: Map<number, BlockTimes>;
  timing: Timing;
  /** What placebos added to warm, answered calls, µs, by cell and block. */
  injected: Map<number, SortedSamples>;
  counts: Map<number, Counts>;
  legs: Map<number, Legs>;
  causes: { cb: number; leg: 'agent' | 'gateway'; cause: string; count: number }[];
  episodes: { arm: string; block: number; leg: string; kind: string; n: number; with_401: number }[];
  timeLost: {
    phase: string;
    workload: string;
    condition: string;
    arm: string;
    touched: number;
    touched_ns: number;
    median_ns: number | null;
  }[];
  loops: Map<number, number>;
  /** By cell and block. */
  usage: Map<number, Usage[]>;
  parts: Map<number, PartSums>;
  lines: LineCount[];
  complete: Map<number, { traces: number; complete: number }>;
  orphans: Map<number, number>;
  byTimestamp: Map<number, { lines: number; right_lines: number }>;
}

const sql = (name: string): URL => new URL(`./sql/${name}.sql`, import.meta.url);
const byNumber = <T extends { cb: number }>(rows: readonly T[]): Map<number, T> => new Map(rows.map((r) => [r.cb, r]));

/** What is read batch by batch; a cell and block is in one batch, so that batches are put together by adding rows. */
type Gathered = Pick<
  Data,
  'counts' | 'legs' | 'causes' | 'episodes' | 'loops' | 'parts' | 'lines' | 'complete' | 'orphans' | 'byTimestamp'
> &
  Pick<Data, 'times' | 'injected'> & { timing: Timing['legs'] };

/**
 * Calls whose rows are held at once, unless a single block has more. Their 800,000 spans fit in the store's memory several
 * times over, and a row group of a file, which may hold many small blocks, is read for a few batches and not for each block.
 */
export const callsAtOnce = 200_000;

export async function readData(store: Store, dir: string, manifest: Manifest, atOnce = callsAtOnce): Promise<Data> {
  await openCampaign(store, dir, manifest);
  for (const name of ['place', 'cell_block', 'gathered']) await store.run(sql(name));
  const cells = cellsOf(await store.rows<CellBlock>(sql('cell_blocks')));
  const services = await readServices(store, rolesOf(manifest));
  const all = gathered();
  for (const batch of batchesOf(await readBlocks(store), atOnce)) {
    await openBatch(store, batch);
    addTo(all, await readBatch(store, { cells, services, manifest }));
  }
  const { timing: legs, ...read } = all;
  return {
    manifest,
    cells,
    settings: settingsOf(
      cells.filter((c) => c.phase !== disturbed),
      manifest.plan,
    ),
    services,
    ...read,
    timeLost: await store.rows<Data['timeLost'][number]>(sql('time_lost')),
    usage: Map.groupBy(await store.rows<Usage>(sql('usage')), (u) => u.cb),
    timing: { legs, ...(await readTasks(store)) },
  };
}

const gathered = (): Gathered => ({
  counts: new Map(),
  legs: new Map(),
  causes: [],
  episodes: [],
  loops: new Map(),
  parts: new Map(),
  lines: [],
  complete: new Map(),
  orphans: new Map(),
  byTimestamp: new Map(),
  times: new Map(),
  injected: new Map(),
  timing: new Map(),
});

function addTo(all: Gathered, batch: Gathered): void {
  for (const key of Object.keys(all) as (keyof Gathered)[]) {
    const [whole, part] = [all[key] as Map<number, unknown> | unknown[], batch[key]];
    if (Array.isArray(whole)) for (const row of part as unknown[]) whole.push(row);
    else for (const [cb, value] of part as Map<number, unknown>) whole.set(cb, value);
  }
}

async function readBlocks(store: Store): Promise<BlockSpan[]> {
  const rows = await store.rows<{ block: number; calls: number; from_ns: string; to_ns: string }>(sql('blocks'));
  return rows.map(({ from_ns, to_ns, ...block }) => ({ ...block, from_ns: BigInt(from_ns), to_ns: BigInt(to_ns) }));
}

interface Places {
  cells: readonly Cell[];
  services: readonly Service[];
  manifest: Manifest;
}

/** Everything that is asked of the rows of a batch; afterwards none of them is held. */
async function readBatch(store: Store, places: Places): Promise<Gathered> {
  for (const name of ['call', 'attempt', 'refusal', 'touched']) await store.run(sql(name));
  await readTraces(store);
  const counts = await store.rows<Counts>(sql('counts'));
  const batch = {
    counts: byNumber(counts),
    legs: byNumber(await store.rows<Legs>(sql('legs'))),
    causes: await store.rows<Data['causes'][number]>(sql('causes')),
    episodes: await store.rows<Data['episodes'][number]>(sql('episodes')),
    loops: await countLoops((onChunk) => store.stream(sql('sessions'), onChunk)),
    ...(await readPaths(store, places, counts)),
    times: await readTimes(store, counts),
    injected: await readInjected(store, places.manifest),
    timing: await readLegs(store),
  };
  await dropTraces(store);
  await store.run(sql('drop_batch'));
  return batch;
}

async function readPaths(store: Store, { cells, services, manifest }: Places, inBatch: readonly { cb: number }[]) {
  const tiersOf = new Map(manifest.arms.map((a) => [a.arm, services.filter((s) => a.tiers.includes(s.name))]));
  const armOf = new Map(cells.flatMap((c) => c.blocks.map((b) => [b.cb, c.arm] as const)));
  const needs = new Map(inBatch.map(({ cb }) => [cb, tiersOf.get(armOf.get(cb)!) ?? []] as const));
  return {
    parts: byNumber(await partSums(store)),
    lines: await lineCounts(store),
    complete: byNumber(await completeTraces(store, needs)),
    orphans: new Map((await orphans(store)).map((r) => [r.cb, r.orphans])),
    byTimestamp: byNumber(await byTimestamp(store)),
  };
}
