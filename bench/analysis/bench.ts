/** Time and memory to analyse a campaign of a given size, in a process of its own so that the memory is the analysis's. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type SyntheticArm, type SyntheticOptions, writeSynthetic } from './synthetic.ts';

export interface AnalysisBench {
  calls: number;
  spans: number;
  seconds: number;
  /** Of user and system, all threads: on a busy machine the steadier figure. */
  cpu_s: number;
  /** Of the whole process, the embedded store with it. */
  peak_rss_mib: number;
}

const rigorousBlocks = 60;
const sliceCalls = 25;
const workloads = ['tool-chain', 'assistant-day'];
const realistic = { service_us: 3000, service_sigma: 0.4 };
const conditions = [
  { condition: 'instant/c1/http' },
  { condition: 'realistic/c1/http', ...realistic },
  { condition: 'realistic/c4/http', concurrency: 4, ...realistic },
];

const arms: SyntheticArm[] = [
  { arm: 'direct', controls: 'off', gateway: 'none' },
  { arm: 'direct-b', controls: 'off', gateway: 'none' },
  {
    arm: 'native',
    controls: 'on',
    gateway: 'none',
    agent_us: 60,
    touched_agent: "phase = 'lifecycle' AND position % 25 = 0",
  },
  { arm: 'passthrough', controls: 'off', gateway: 'passthrough' },
  {
    arm: 'gateway',
    controls: 'off',
    gateway: 'gateway',
    gateway_us: 200,
    touched_gateway: "phase = 'lifecycle' AND position % 25 = 0",
  },
  { arm: 'layered', controls: 'on', gateway: 'gateway', gateway_us: 200, agent_us: 60 },
];

/**
 * About `calls` calls in the shape of a rigorous campaign: 60 blocks, six arms (four spans per call between them), two workloads
 * in three conditions, which have nine tenths of the calls; the rest are lifecycle and correlation. More calls are more rounds.
 */
export function benchCampaign(dir: string, calls: number, blocks = rigorousBlocks): SyntheticOptions {
  const rounds = (share: number): number =>
    Math.max(1, Math.round((calls * share) / (blocks * arms.length * sliceCalls)));
  const each = rounds(0.9 / (workloads.length * conditions.length));
  const latency = { phase: 'latency' as const, rounds: each, slice_calls: sliceCalls };
  return {
    dir,
    seed: 'bench',
    blocks,
    blocks_at_once: 1,
    arms,
    noise_us: 30,
    block_sd_us: 10,
    sessions: [
      ...workloads.flatMap((workload) => conditions.map((condition) => ({ ...latency, workload, ...condition }))),
      {
        phase: 'lifecycle',
        workload: 'fan-out',
        condition: 'instant/c4/http',
        rounds: rounds(0.08),
        slice_calls: sliceCalls,
        concurrency: 4,
      },
      {
        phase: 'correlation',
        workload: 'tool-chain',
        condition: 'realistic/c4/http',
        rounds: 1,
        slice_calls: rounds(0.02) * sliceCalls,
        simultaneous: true,
        gap_us: 1000,
        ...realistic,
      },
    ],
  };
}

/** Writes a synthetic campaign, analyses it in a child process and removes it. */
export async function benchAnalysis(calls: number, blocks?: number): Promise<AnalysisBench> {
  const dir = await mkdtemp(join(tmpdir(), 'weighbridge-bench-'));
  try {
    const manifest = await writeSynthetic(benchCampaign(dir, calls, blocks));
    const spans = manifest.blocks.flatMap((b) => b.telemetry).reduce((n, t) => n + t.spans_exported, 0);
    return { spans, ...(await analyseInChild(dir)) };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function analyseInChild(dir: string): Promise<Omit<AnalysisBench, 'spans'>> {
  const script = fileURLToPath(new URL('./benchChild.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as Omit<AnalysisBench, 'spans'>);
      else reject(new Error(`the analysis ended with ${code}`));
    });
  });
}
