/** Everything that is read from the store, once: sums and counts per cell and block, all whole numbers, and the times. */
import type { Manifest } from '#contract/manifest.ts';
import {
  byTimestamp,
  completeTraces,
  type LineCount,
  lineCounts,
  orphans,
  type PartSums,
  partSums,
  readTraces,
  type Service,
  type Store,
} from '../../collectors/traces/index.ts';
import { openCampaign, rolesOf } from './campaign.ts';
import { type Cell, type CellBlock, cellsOf, type Setting, settingsOf } from './cells.ts';
import { countLoops } from './loops.ts';
import { type BlockTimes, readTimes } from './times.ts';
import { readTiming, type Timing } from './timing.ts';

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
  cells: Cell[];
  settings: Setting[];
  services: Service[];
  times: Map<number, BlockTimes>;
  timing: Timing;
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
  usage: Usage[];
  parts: Map<number, PartSums>;
  lines: LineCount[];
  complete: Map<number, { traces: number; complete: number }>;
  orphans: Map<number, number>;
  byTimestamp: Map<number, { lines: number; right_lines: number }>;
}

const sql = (name: string): URL => new URL(`./sql/${name}.sql`, import.meta.url);
const byNumber = <T extends { cb: number }>(rows: readonly T[]): Map<number, T> => new Map(rows.map((r) => [r.cb, r]));

export async function readData(store: Store, dir: string, manifest: Manifest): Promise<Data> {
  await openCampaign(store, dir, manifest);
  for (const name of ['cell_block', 'call', 'refusal']) await store.run(sql(name));
  const cells = cellsOf(await store.rows<CellBlock>(sql('cell_blocks')));
  const counts = await store.rows<Counts>(sql('counts'));
  const retries = {
    legs: byNumber(await store.rows<Legs>(sql('legs'))),
    causes: await store.rows<Data['causes'][number]>(sql('causes')),
    episodes: await store.rows<Data['episodes'][number]>(sql('episodes')),
    timeLost: await store.rows<Data['timeLost'][number]>(sql('time_lost')),
    loops: await countLoops((onChunk) => store.stream(sql('sessions'), onChunk)),
    usage: await store.rows<Usage>(sql('usage')),
  };
  const services = await readTraces(store, rolesOf(manifest));
  return {
    manifest,
    cells,
    settings: settingsOf(cells, manifest.plan),
    services,
    counts: byNumber(counts),
    ...retries,
    ...(await readPaths(store, { cells, services, manifest })),
    times: await readTimes(store, counts),
    timing: await readTiming(store),
  };
}

async function readPaths(
  store: Store,
  { cells, services, manifest }: { cells: readonly Cell[]; services: readonly Service[]; manifest: Manifest },
) {
  const tiersOf = new Map(manifest.arms.map((a) => [a.arm, services.filter((s) => a.tiers.includes(s.name))]));
  const needs = new Map(cells.flatMap((c) => c.blocks.map((b) => [b.cb, tiersOf.get(c.arm) ?? []] as const)));
  return {
    parts: byNumber(await partSums(store)),
    lines: await lineCounts(store),
    complete: byNumber(await completeTraces(store, needs)),
    orphans: new Map((await orphans(store)).map((r) => [r.cb, r.orphans])),
    byTimestamp: byNumber(await byTimestamp(store)),
  };
}
