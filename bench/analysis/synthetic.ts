/**
 * Writes a campaign directory with a known truth: the Parquet files and the manifest of a campaign that never ran. Tests
 * hold the analysis against it, and the benchmark takes its million calls from it. Everything is drawn in the store by
 * hashing seed and place, so the same options give the same rows.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
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
  /** From the gateway to the tool and back. */
  upstream_wire_us?: number;
  /** Token check at the tool. */
  check_us?: number;
  /** Added to the first calls of a slice. */
  cold_us?: number;
  /** SQL predicates over phase, workload, block, round, position, lead_in: which calls meet a 401 on which leg, fail, or carry too broad a token. */
  touched_agent?: string;
  touched_gateway?: string;
  failed?: string;
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
  voided?: number[];
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
  faults?: (Manifest['blocks'][number]['faults'][number] & { block: number })[];
  gates?: Manifest['blocks'][number]['gates'];
}

const taskCalls = 5;
const sliceGap_ns = 700_000_000;

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
  await mkdir(options.dir, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:');
  const db = await instance.connect();
  try {
    await db.run("SET memory_limit = '4GB'; SET preserve_insertion_order = false");
    await declare(db, options);
    await db.run(await sqlOf('call', options));
    await db.run(await sqlOf('span', options));
    await db.run(await sqlOf('attributes', options));
    const noted = (await db.runAndReadAll(await sqlOf('telemetry', options))).getRowObjectsJS() as unknown as Noted[];
    const manifest = manifestSchema.parse(manifestOf(options, noted));
    const aside = setAside(manifest.blocks);
    const isAside = (block: string) => `list_contains([${aside.join(', ')}]::INTEGER[], ${block}::INTEGER)`;
    await writeTables(db, options, { directory: options.dir, where: (block) => `NOT ${isAside(block)}` });
    if (aside.length > 0) {
      const directory = join(options.dir, 'voided');
      await mkdir(directory);
      await writeTables(db, options, { directory, where: isAside });
    }
    await writeFile(join(options.dir, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await writeFile(join(options.dir, 'campaign.yaml'), 'version: 1\n');
    return manifest;
  } finally {
    db.closeSync();
    instance.closeSync();
  }
}

async function writeTables(
  db: DuckDBConnection,
  options: SyntheticOptions,
  { directory, where }: { directory: string; where: (block: string) => string },
): Promise<void> {
  for (const [name, block] of Object.entries(blockOfRow)) {
    const rows = `SELECT * FROM (${await sqlOf(name, options)}) WHERE ${where(block)}`;
    const file = join(directory, `${name}.parquet`).replaceAll("'", "''");
    await db.run(`COPY (${rows}) TO '${file}' (FORMAT parquet, COMPRESSION zstd)`);
  }
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

/** The SQL file of that name with its `${places}` filled. */
async function sqlOf(name: string, options: SyntheticOptions): Promise<string> {
  const sql = await readFile(new URL(`./synthetic/${name}.sql`, import.meta.url), 'utf8');
  type Predicate = 'touched_agent' | 'touched_gateway' | 'failed' | 'over_broad' | 'opened_agent' | 'opened_gateway';
  const perArm = (key: Predicate): string =>
    `(CASE arm ${options.arms.map((a) => `WHEN ${text(a.arm)} THEN (${a[key] ?? 'false'})`).join(' ')} ELSE false END)`;
  const values: Record<string, string> = {
    seed: text(options.seed),
    noise_ns: String(ns(options.noise_us, 0)),
    block_sd_ns: String(ns(options.block_sd_us, 0)),
    task_calls: String(taskCalls),
    slice_ns: String(sliceGap_ns),
    touched_agent: perArm('touched_agent'),
    touched_gateway: perArm('touched_gateway'),
    failed: perArm('failed'),
    over_broad: perArm('over_broad'),
    opened_agent: perArm('opened_agent'),
    opened_gateway: perArm('opened_gateway'),
    lost_line: options.lost_line ?? 'false',
    lost_span: options.lost_span ?? 'false',
  };
  return sql.replace(/\$\{(\w+)\}/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new RangeError(`${name}.sql asks for ${key}`);
    return value;
  });
}

/** The tables `block`, `arm` and `session` that the draws start from. */
async function declare(db: DuckDBConnection, { arms, blocks, sessions, voided = [] }: SyntheticOptions): Promise<void> {
  const rows = (values: (string | number | boolean)[][]): string =>
    values.map((row) => `(${row.map((v) => (typeof v === 'string' ? text(v) : v)).join(', ')})`).join(', ');
  await db.run(
    `CREATE TABLE block AS SELECT range AS block, list_contains([${voided.join(', ')}]::BIGINT[], range) AS voided FROM range(${blocks})`,
  );
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
        a.touched_agent ?? '',
        a.touched_gateway ?? '',
      ]),
    )}) t(arm, arm_no, has_gateway, checks_tokens, agent_ns, wire_ns, gateway_ns, upstream_wire_ns, check_ns, cold_ns, refresh_ns, lookup_ns, connect_ns, tls_ns, touched_agent, touched_gateway)`,
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
    profile: 'standard',
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
      tiers: ['weighbridge-agent', ...(a.gateway === 'none' ? [] : ['weighbridge-gateway']), 'weighbridge-tools'],
      subject: {
        system: a.gateway === 'none' ? 'weighbridge-agent@0.1.0' : 'weighbridge-gateway@0.1.0',
        kind: 'modelled' as const,
        placement: 'own process, same host',
        protocol: 'http',
      },
      label: a.arm,
    })),
    comparisons: named.filter((c) => has(c.arm) && has(c.baseline)),
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
    settled_ms: 0,
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
