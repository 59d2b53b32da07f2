/** For tests of the analysis: synthetic campaigns in a directory of their own, and ways into their analyses. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Analysis, ArmFigures, Comparison } from '#contract/analysis.ts';
import type { Manifest } from '#contract/manifest.ts';
import { analyse } from './index.ts';
import { type SyntheticArm, type SyntheticOptions, writeSynthetic } from './synthetic.ts';

export const arms: SyntheticArm[] = [
  { arm: 'direct', controls: 'off', gateway: 'none' },
  { arm: 'direct-b', controls: 'off', gateway: 'none' },
  { arm: 'native', controls: 'on', gateway: 'none', agent_us: 70, check_us: 25 },
  { arm: 'passthrough', controls: 'off', gateway: 'passthrough' },
  { arm: 'gateway', controls: 'off', gateway: 'gateway', gateway_us: 200, cold_us: 160 },
  { arm: 'layered', controls: 'on', gateway: 'gateway', gateway_us: 200, agent_us: 70, check_us: 25 },
];

export const latency: SyntheticOptions['sessions'][number] = {
  phase: 'latency',
  workload: 'tool-chain',
  condition: 'instant/c1/http',
  rounds: 15,
};
export const lifecycle: SyntheticOptions['sessions'][number] = {
  phase: 'lifecycle',
  workload: 'fan-out',
  condition: 'instant/c4/http',
  rounds: 10,
  slice_calls: 20,
  concurrency: 4,
};
export const correlation: SyntheticOptions['sessions'][number] = {
  phase: 'correlation',
  workload: 'tool-chain',
  condition: 'realistic/c4/http',
  rounds: 1,
  slice_calls: 50,
  simultaneous: true,
  gap_us: 1000,
  service_us: 3000,
};

export const claims: Manifest['claims'] = [
  ['C1a', 'added', 'felt_p50_shift', [5_000, 15_000], 'us'],
  ['C1b', 'decision', 'felt_p95_shift', [100, 400], 'us'],
  ['C3', 'fix', 'retry401_shift', [null, -0.001], 'ratio'],
  ['C6', 'decision', 'error_rate_shift', [-0.01, 0.01], 'ratio'],
  ['C8', 'every arm', 'correlation_share', [0.99, null], 'ratio'],
  ['C9', 'decision', 'cpu_per_call_shift', [1, null], 'us'],
].map(([claim, compare, metric, region, unit]) => ({
  claim,
  statement: `What ${claim} says.`,
  compare,
  metric,
  region,
  unit,
  margin: String(region),
})) as Manifest['claims'];

/** In place of that over the raw files, which is handed in. */
export const digest = 'd'.repeat(64);

export interface Campaign {
  dir: string;
  analysis: Analysis;
  manifest: Manifest;
}

/**
 * A directory that is there while the tests of a file run, and a maker of campaigns in it. It is made at once: hooks of a file
 * start side by side, and another one may ask for a campaign before a hook of ours has ended.
 */
export function campaigns(): {
  root: () => string;
  campaign: (options: Partial<SyntheticOptions>) => Promise<Campaign>;
} {
  const root = mkdtempSync(join(tmpdir(), 'weighbridge test '));
  let made = 0;
  after(() => rm(root, { recursive: true, force: true }));
  return {
    root: () => root,
    async campaign(options) {
      const dir = join(root, `campaign ${made++}`);
      const manifest = await writeSynthetic({ dir, seed: 'truth', blocks: 6, arms, sessions: [latency], ...options });
      return { dir, manifest, analysis: await analyse(dir, digest) };
    },
  };
}

export function shift(analysis: Analysis, metric: string, arm: string, baseline: string): Comparison {
  const found = analysis.comparisons.find((c) => c.metric === metric && c.arm === arm && c.baseline === baseline);
  assert.ok(found, `${metric} of ${arm} − ${baseline}`);
  return found;
}

export function figures(analysis: Analysis, arm: string, phase = 'latency'): ArmFigures {
  const found = analysis.arms.find((a) => a.arm === arm && a.phase === phase);
  assert.ok(found, `${arm} in ${phase}`);
  return found;
}

export const near = (actual: number | null, expected: number, by: number): void =>
  assert.ok(actual !== null && Math.abs(actual - expected) <= by, `${actual} is not within ${by} of ${expected}`);
export const verdict = (analysis: Analysis, claim: string) => analysis.verdicts.find((v) => v.claim === claim)!;
export const codes = (analysis: Analysis): string[] => analysis.warnings.map((w) => w.code);
