/** Time and memory to analyse a campaign of a given size, in a process of its own so that the memory is the analysis's. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type SyntheticArm, type SyntheticOptions, writeSynthetic } from './synthetic.ts';

export interface AnalysisBench {
  calls: number;
  seconds: number;
  peak_rss_mib: number;
}

const blocks = 20;
const sliceCalls = 25;

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

/** About `calls` calls as a campaign has them: nine tenths latency in two conditions, the rest lifecycle and correlation. */
export function benchCampaign(dir: string, calls: number): SyntheticOptions {
  const rounds = (share: number): number =>
    Math.max(1, Math.round((calls * share) / (blocks * arms.length * sliceCalls)));
  const latency = { phase: 'latency' as const, workload: 'tool-chain', rounds: rounds(0.45), slice_calls: sliceCalls };
  return {
    dir,
    seed: 'bench',
    blocks,
    arms,
    noise_us: 30,
    block_sd_us: 10,
    sessions: [
      { ...latency, condition: 'instant/c1/http' },
      { ...latency, condition: 'realistic/c1/http', service_us: 3000, service_sigma: 0.4 },
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
        service_us: 3000,
        service_sigma: 0.4,
      },
    ],
  };
}

/** Writes a synthetic campaign, analyses it in a child process and removes it. */
export async function benchAnalysis(calls: number): Promise<AnalysisBench> {
  const dir = await mkdtemp(join(tmpdir(), 'weighbridge-bench-'));
  try {
    await writeSynthetic(benchCampaign(dir, calls));
    return await analyseInChild(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function analyseInChild(dir: string): Promise<AnalysisBench> {
  const script = fileURLToPath(new URL('./benchChild.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as AnalysisBench);
      else reject(new Error(`the analysis ended with ${code}`));
    });
  });
}
