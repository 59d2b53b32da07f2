/**
 * Writes a campaign directory with a known truth: the Parquet files and the manifest of a campaign that never ran. Tests
 * hold the analysis against it, and the benchmark takes its million calls from it. Everything is drawn in the store by
 * hashing seed and place, so the same options give the same rows.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type Manifest, manifestSchema, setAside } from '#contract/manifest.ts';

/** Lengths of the parts of a call in this arm, and what goes wrong in it. */
export interface SyntheticArm {
  arm: string;
  controls: 'off' | 'on' | 'regressed';
  /** `none`, `passthrough` (forwards the agent's token) or `gateway` (checks it, and shows its own upstream). */
  gateway: 'none' | 'passthrough' | 'gateway';
  /** In the agent, around the attempts. */
  agent_us?: number;
  /** From the agent to the next tier and back. */
  wire_us?: number;
  /** In the gateway itself. */
  gateway_us?: number;
  /** A placebo: what its gateway adds to that and notes, with up to 3 µs by chance. */
  delay_us?: number;
  /** What it was asked to add, where that is something else. */
  asked_us?: number;
  /** How it is watched, where not the light way. */
  telemetry?: 'off' | 'full';
  /** When its audit records are durable, where that is told. */
  audit?: 'buffered' | 'group_commit';
  /** From the gateway to the tool and back. */
  upstream_wire_us?: number;
  /** Token check at the tool. */
  check_us?: number;
  /** Added to the first calls of a slice. */
  cold_us?: number;
  /** SQL predicates over phase, workload, block, round, position, lead_in: which calls meet a 401 on which leg, get no answer, fail or are denied at once, or carry too broad a token. */
  touched_agent?: string;
  touched_gateway?: string;
  failed?: string;
  fails_fast?: string;
  denied_fast?: string;
  over_broad?: string;
  /** Likewise: on which leg a connection was opened, and what each part of that took, within the wire's time. */
  opened_agent?: string;
  opened_gateway?: string;
  lookup_us?: number;
  connect_us?: number;
  tls_us?: number;
}

export interface SyntheticSession {
  phase: 'latency' | 'lifecycle' | 'correlation';
  workload: string;
  condition: string;
  rounds: number;
  slice_calls?: number;
  lead_in?: number;
  concurrency?: number;
  /** All arms at once, calls this far apart, so that they overlap. */
  simultaneous?: boolean;
  gap_us?: number;
  /** Median and log-sigma of the tool's own time. */
  service_us?: number;
  service_sigma?: number;
}

export interface SyntheticOptions {
  dir: string;
  seed: string;
  blocks: number;
  /** `standard` unless told. */
  profile?: string;
  /** As if a pilot had said how many blocks there are to be. */
  pilot?: boolean;
  voided?: number[];
  /** Blocks that are drawn together; fewer of them take less memory, and leave the files in the order of blocks. Absent: all. */
  blocks_at_once?: number;
  arms: SyntheticArm[];
  sessions: SyntheticSession[];
  /** Mean of the exponential noise that each call of each arm has on its own. */
  noise_us?: number;
  /** Standard deviation of what a block adds to all calls of an arm. */
  block_sd_us?: number;
  /** SQL predicates over tier, arm, block, position, spot, kind: what was noted but never stored. */
  lost_line?: string;
  lost_span?: string;
  claims?: Manifest['claims'];
  thresholds?: Manifest['thresholds'];
  /** Beside those between built-in arms. */
  comparisons?: Manifest['comparisons'];
  faults?: (Manifest['blocks'][number]['faults'][number] & { block: number })[];
  gates?: Manifest['blocks'][number]['gates'];
}

const taskCalls = 5;
const sliceGap_ns = 700_000_000;

/** At least; sessions that take longer get more. */
const leastSession_s = 600;
const leastBlock_s = 3_600;

/** How far the beginnings of sessions and of blocks lie apart, so that none reaches into the next one. */
function spacing({ arms, sessions }: SyntheticOptions): { session_s: number; block_s: number } {
  const takes = sessions.map(({ rounds, slice_calls = 25, simultaneous, gap_us = 20_000 }) =>
    simultaneous ? (slice_calls * gap_us) / 1e6 : (rounds * arms.length * sliceGap_ns) / 1e9,
  );
  const session_s = Math.max(leastSession_s, ...takes.map((s) => Math.ceil(s) + 60));
  return { session_s, block_s: Math.max(leastBlock_s, sessions.length * session_s) };
}

/** The block of a row, in SQL, for each table. */
const blockOfRow = {
  calls: 'block',
  attempts: 'block',
  spans: "ResourceAttributes['weighbridge.block']",
  logs: "ResourceAttributes['weighbridge.block']",
  resources: 'block',
};

/** Writes calls, attempts, spans, logs, resources (Parquet), manifest.json and campaign.yaml; returns the manifest. */
export async function writeSynthetic(options: SyntheticOptions): Promise<Manifest> {
  const parts = join(options.dir, 'parts');
  await mkdir(parts, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', { temp_directory: join(parts, 'spill') });
  const db = await instance.connect();
  try {
    await db.run("SET memory_limit = '4GB'; SET preserve_insertion_order = false");
    await declare(db, options);
    const aside = setAside(manifestOf(options, []).blocks);
    const isAside = (block: string) => `list_contains([${aside.join(', ')}]::INTEGER[], ${block}::INTEGER)`;
    const sides: Side[] = [{ directory: '.', where: (block) => `NOT ${isAside(block)}` }];
    if (aside.length > 0) sides.push({ directory: 'voided', where: isAside });
    const noted: Noted[] = [];
    const atOnce = options.blocks_at_once ?? Math.max(1, options.blocks);
    for (let first = 0; first === 0 || first < options.blocks; first += atOnce) {
      const range = { first, end: Math.min(first + atOnce, options.blocks) };
      noted.push(...(await writeStretch(db, options, { range, sides, directory: join(parts, String(first)) })));
    }
    await db.run('SET preserve_insertion_order = true');
    for (const { directory } of sides)
      await joinStretches(db, { parts, directory, into: join(options.dir, directory) });
    const manifest = manifestSchema.parse(manifestOf(options, noted));
    await writeFile(join(options.dir, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await writeFile(join(options.dir, 'campaign.yaml'), 'version: 1\n');
    return manifest;
  } finally {
    db.closeSync();
    instance.closeSync();
    await rm(parts, { recursive: true, force: true });
  }
}

/** Blocks that count, and those set aside: where their rows go, and which they are. */
interface Side {
  directory: string;
  where: (block: string) => string;
}

/** One file of each table from those of the stretches, one behind the other. */
async function joinStretches(
  db: DuckDBConnection,
  { parts, directory, into }: { parts: string; directory: string; into: string },
): Promise<void> {
  await mkdir(into, { recursive: true });
  const stretches = (await readdir(parts)).filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(a) - Number(b));
  for (const name of Object.keys(blockOfRow)) {
    const files = stretches.map((stretch) => join(parts, stretch, directory, `${name}.parquet`));
    const file = join(into, `${name}.parquet`);
    if (files.length === 1) await rename(files[0]!, file);
    else
      await db.run(
        `COPY (FROM read_parquet([${files.map(text).join(', ')}])) TO ${text(file)} (FORMAT parquet, COMPRESSION zstd)`,
      );
  }
}

/** Draws some blocks and writes their rows; returns what their tiers noted. */
async function writeStretch(
  db: DuckDBConnection,
  options: SyntheticOptions,
  { range, sides, directory }: { range: { first: number; end: number }; sides: readonly Side[]; directory: string },
): Promise<Noted[]> {
  await db.run(
    `CREATE OR REPLACE TABLE block AS
     SELECT range AS block, list_contains([${(options.voided ?? []).join(', ')}]::BIGINT[], range) AS voided FROM range(${range.first}, ${range.end})`,
  );
  for (const name of ['call', 'span', 'attributes']) await db.run(await sqlOf(name, options));
  for (const side of sides) {
    const into = join(directory, side.directory);
    await mkdir(into, { recursive: true });
    for (const [name, block] of Object.entries(blockOfRow)) {
      const rows = `SELECT * FROM (${await sqlOf(name, options)}) WHERE ${side.where(block)}`;
      await db.run(`COPY (${rows}) TO ${text(join(into, `${name}.parquet`))} (FORMAT parquet, COMPRESSION zstd)`);
    }
  }
  return (await db.runAndReadAll(await sqlOf('telemetry', options))).getRowObjectsJS() as unknown as Noted[];
}
interface Noted {
  block: number;
  service: string;
  owner: string;
  spans: number;
  lines: number;
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const ns = (us: number | undefined, otherwise: number): number => Math.round((us ?? otherwise) * 1000);

/** Those that each arm has of its own. */
const predicates = [
  'touched_agent',
  'touched_gateway',
  'failed',
  'fails_fast',
  'denied_fast',
  'over_broad',
  'opened_agent',
  'opened_gateway',
] as const;

/** The SQL file of that name with its `${places}` filled. */
async function sqlOf(name: string, options: SyntheticOptions): Promise<string> {
  const sql = await readFile(new URL(`./synthetic/${name}.sql`, import.meta.url), 'utf8');
  const perArm = (key: (typeof predicates)[number]): string =>
    `(CASE arm ${options.arms.map((a) => `WHEN ${text(a.arm)} THEN (${a[key] ?? 'false'})`).join(' ')} ELSE false END)`;
  const values: Record<string, string> = {
    seed: text(options.seed),
    noise_ns: String(ns(options.noise_us, 0)),
    block_sd_ns: String(ns(options.block_sd_us, 0)),
    task_calls: String(taskCalls),
    slice_ns: String(sliceGap_ns),
    session_ns: String(spacing(options).session_s * 1_000_000_000),
    block_ns: String(spacing(options).block_s * 1_000_000_000),
    ...Object.fromEntries(predicates.map((key) => [key, perArm(key)])),
    lost_line: options.lost_line ?? 'false',
    lost_span: options.lost_span ?? 'false',
  };
  return sql.replace(/\$\{(\w+)\}/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new RangeError(`${name}.sql asks for ${key}`);
    return value;
  });
}

/** The tables `arm` and `session` that the draws start from. */
async function declare(db: DuckDBConnection, { arms, sessions }: SyntheticOptions): Promise<void> {
  const rows = (values: (string | number | boolean)[][]): string =>
    values.map((row) => `(${row.map((v) => (typeof v === 'string' ? text(v) : v)).join(', ')})`).join(', ');
  await db.run(
    `CREATE TABLE arm AS FROM (VALUES ${rows(
      arms.map((a, i) => [
        a.arm,
        i,
        a.gateway !== 'none',
        a.gateway === 'gateway',
        ns(a.agent_us, 20),
        ns(a.wire_us, 100),
        ns(a.gateway_us, a.gateway === 'none' ? 0 : 80),
        ns(a.upstream_wire_us, a.gateway === 'none' ? 0 : 90),
        ns(a.check_us, 15),
        ns(a.cold_us, 60),
        ns(undefined, 900),
        ns(a.lookup_us, 0),
        ns(a.connect_us, 0),
        ns(a.tls_us, 0),
        ns(a.delay_us, -0.001),
        a.touched_agent ?? '',
        a.touched_gateway ?? '',
      ]),
    )}) t(arm, arm_no, has_gateway, checks_tokens, agent_ns, wire_ns, gateway_ns, upstream_wire_ns, check_ns, cold_ns, refresh_ns, lookup_ns, connect_ns, tls_ns, delay_ns, touched_agent, touched_gateway)`,
  );
  await db.run(
    `CREATE TABLE session AS FROM (VALUES ${rows(
      sessions.map((s, i) => [
        i,
        s.phase,
        s.workload,
        s.condition,
        s.rounds,
        s.slice_calls ?? 25,
        s.lead_in ?? (s.phase === 'latency' ? 5 : 0),
        s.concurrency ?? 1,
        s.simultaneous ?? false,
        ns(s.gap_us, 20_000),
        s.service_us ?? 50,
        s.service_sigma ?? 0.3,
      ]),
    )}) t(session_no, phase, workload, condition, rounds, slice_calls, lead_in_calls, concurrency, simultaneous, gap_ns, service_us, service_sigma)`,
  );
}

function manifestOf(options: SyntheticOptions, noted: Noted[]): Manifest {
  const { arms, sessions, seed } = options;
  const has = (arm: string) => arms.some((a) => a.arm === arm);
  const named = [
    { name: 'hop', arm: 'passthrough', baseline: 'direct' },
    { name: 'controls_native', arm: 'native', baseline: 'direct' },
    { name: 'controls_gateway', arm: 'gateway', baseline: 'passthrough' },
    { name: 'decision', arm: 'gateway', baseline: 'native' },
    { name: 'added', arm: 'gateway', baseline: 'direct' },
    { name: 'aa', arm: 'direct-b', baseline: 'direct' },
    { name: 'fix', arm: 'native', baseline: 'native-regressed' },
  ];
  const latency = sessions.filter((s) => s.phase === 'latency');
  const unique = (xs: string[]): string[] => [...new Set(xs)];
  return {
    version: 1,
    id: 'synthetic',
    question: 'Is the analysis right?',
    profile: options.profile ?? 'standard',
    seed,
    status: 'complete',
    started: '2026-01-01T00:00:00.000Z',
    ended: '2026-01-01T01:00:00.000Z',
    duration_s: 3600,
    weighbridge: { version: '0.1.0', commit: '0'.repeat(40), dirty: false, lockfile_sha256: '0'.repeat(64) },
    runtime: { node: 'v24.0.0', binary_sha256: '0'.repeat(64), v8: '13' },
    environment: {
      cpu: 'synthetic',
      cores: 2,
      memory_mib: 4096,
      kernel: 'none',
      os: 'none',
      governor: 'none',
      virtualization: 'none',
      clock_source: 'none',
    },
    arms: arms.map((a) => ({
      arm: a.arm,
      controls: a.controls,
      gateway: a.gateway,
      attached: false,
      ...(a.delay_us === undefined ? {} : { delay_ms: (a.asked_us ?? a.delay_us) / 1_000 }),
      ...(a.telemetry === undefined ? {} : { telemetry: a.telemetry }),
      ...(a.audit === undefined ? {} : { audit: a.audit }),
      tiers: ['weighbridge-agent', ...(a.gateway === 'none' ? [] : ['weighbridge-gateway']), 'weighbridge-tools'],
      subject: {
        system: a.gateway === 'none' ? 'weighbridge-agent@0.1.0' : 'weighbridge-gateway@0.1.0',
        kind: 'modelled' as const,
        placement: 'own process, same host',
        protocol: 'http',
      },
      label: a.arm,
    })),
    comparisons: [...named, ...(options.comparisons ?? [])].filter((c) => has(c.arm) && has(c.baseline)),
    claims: options.claims ?? [],
    thresholds: options.thresholds ?? [],
    slo: 0.999,
    plan: {
      digest: createHash('sha256').update(seed).digest('hex'),
      blocks: options.blocks,
      rounds: latency[0]?.rounds ?? 0,
      slice_calls: latency[0]?.slice_calls ?? 25,
      lead_in: latency[0]?.lead_in ?? 5,
      pause_ms: 20,
      workloads: unique(latency.map((s) => s.workload)),
      conditions: unique(latency.map((s) => s.condition)),
      phases: unique(sessions.map((s) => s.phase)),
      ...(options.pilot ? { pilot: { blocks: options.blocks, why: 'told' } } : {}),
    },
    blocks: Array.from({ length: options.blocks }, (_, block) => blockOf(options, noted, block)),
    parity: arms.map((a) => ({ arm: a.arm, probe: 'good token', expected: '200', got: '200', ok: true })),
    processes: [],
    remarks: [],
  };
}

function blockOf(options: SyntheticOptions, noted: Noted[], block: number): Manifest['blocks'][number] {
  return {
    block,
    voided: options.voided?.includes(block) ? 'CPU steal: 50 %, limit 2 %' : null,
    replaces: null,
    settled_ms: 1_500,
    waited: { times: 1, ms: 250 },
    gates: (options.gates ?? []).filter((g) => g.block === block),
    faults: (options.faults ?? []).filter((f) => f.block === block).map(({ block: _, ...fault }) => fault),
    telemetry: noted
      .filter((n) => n.block === block)
      .map((n) => ({
        service: n.service,
        arm: n.owner,
        spans_started: n.spans,
        spans_exported: n.spans,
        spans_dropped: 0,
        log_lines: n.lines,
        request_log_lines: n.lines,
        log_lines_exported: n.lines,
      })),
  };
}
