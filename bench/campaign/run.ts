/**
 * A campaign from plan to raw results: blocks one after the other, voided ones replaced once within their quota, each
 * stored whole before the next begins. What was whole at a stop is kept and marked aborted.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CollectorMethods } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { formatJson } from '#contract/json.ts';
import { type Manifest, setAside, voidableBlocks } from '#contract/manifest.ts';
import { type BlockResult, runBlock } from './block.ts';
import type { CampaignConfig } from './config/types.ts';
import { environment } from './environment.ts';
import { manifestOf } from './manifest.ts';
import { blockPlan, type PlanInput, planDigest } from './plan.ts';
import type { Progress } from './progress.ts';
import type { Supervisor, Tier } from './supervise.ts';

export interface CampaignOptions {
  id: string;
  config: CampaignConfig;
  plan: PlanInput;
  dir: string;
  /** Text of campaign.yaml, kept beside the results. */
  yaml: string;
  progress: Progress;
  supervisor: Supervisor;
  signal: AbortSignal;
}

export interface CampaignResult {
  status: Manifest['status'];
  blocks: number;
  /** Why it ended early, where it did. */
  error: WeighbridgeError | null;
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const started = new Date();
  const surroundings = await environment();
  const workDir = join(options.dir, '.work');
  mkdirSync(workDir, { recursive: true });
  const collector = options.supervisor.start<CollectorMethods>('collector', 'collector');
  try {
    const { otlp } = await options.supervisor.ready(
      collector,
      collector.control.call('configure', { dir: options.dir }),
    );
    const { results, error } = await runBlocks(options, { collector, otlp, workDir });
    const status = error ? 'aborted' : 'complete';
    if (results.length > 0) {
      await collector.control.call('merge', { voided: setAside(results.map((r) => r.record)) });
      const manifest = manifestOf({
        ...options,
        surroundings,
        started,
        ended: new Date(),
        results,
        status,
        digest: planDigest(options.plan),
      });
      writeFileSync(join(options.dir, 'manifest.json'), formatJson(manifest));
      writeFileSync(join(options.dir, 'campaign.yaml'), options.yaml);
    }
    return { status, blocks: results.length, error };
  } finally {
    await options.supervisor.stop(collector);
    // A block that failed while it started has left some behind; their channels would keep this process alive.
    options.supervisor.killAll();
    rmSync(workDir, { recursive: true, force: true });
    options.progress.end();
  }
}

interface Surroundings {
  collector: Tier<CollectorMethods>;
  otlp: string;
  workDir: string;
}

/** Runs the planned blocks and their replacements; an error ends the campaign but not the blocks that are whole. */
async function runBlocks(
  options: CampaignOptions,
  surroundings: Surroundings,
): Promise<{ results: BlockResult[]; error: WeighbridgeError | null }> {
  const results: BlockResult[] = [];
  const queue: { block: number; replaces: number | null }[] = Array.from(
    { length: options.plan.blocks },
    (_, block) => ({ block, replaces: null }),
  );
  // Without intervals nothing is estimated, so nothing is worth the time of another block.
  const quota = options.config.profile.intervals ? voidableBlocks(options.plan.blocks) : 0;
  let replaced = 0;
  const anchor_offset_ns = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  const started = performance.now();
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { block, replaces } = next;
    try {
      keepsDeadline(options.config.profile.max_duration_s, started);
      const result = await runBlock({
        ...blockOptions(options, surroundings, block),
        anchor_offset_ns,
        progress: (step) =>
          options.progress.step({
            block,
            blocks: options.plan.blocks + replaced,
            ...step,
            fraction: (results.length + step.done / step.of) / (results.length + 1 + queue.length),
          }),
      });
      result.record.replaces = replaces;
      results.push(result);
      if (result.record.voided !== null) {
        // Where the instrument failed, the same place in the plan is tried once more; a replacement is not replaced.
        const again = replaces === null && replaced < quota;
        if (again) queue.push({ block: options.plan.blocks + replaced++, replaces: block });
        options.progress.note(
          `block ${block + 1} is void (${result.record.voided})${again ? ': it will be replaced' : ''}`,
        );
      }
    } catch (error) {
      return { results, error: asWeighbridgeError(error) };
    }
  }
  return { results, error: null };
}

/** A block is never cut: the limit is looked at before each. */
function keepsDeadline(max_duration_s: number | null, started_ms: number): void {
  const elapsed_s = (performance.now() - started_ms) / 1_000;
  if (max_duration_s === null || elapsed_s <= max_duration_s) return;
  throw new WeighbridgeError('DEADLINE', `the campaign took longer than its limit of ${max_duration_s} s`, {
    where: 'profile.max_duration',
    mend: 'raise the limit, or choose a smaller profile',
  });
}

function blockOptions(options: CampaignOptions, { collector, otlp, workDir }: Surroundings, block: number) {
  const plan = blockPlan(options.plan, block);
  const byName = new Map(options.config.arms.map((a) => [a.arm, a]));
  return {
    supervisor: options.supervisor,
    campaign: options.id,
    block,
    plan,
    arms: plan.start_order.map((arm) => byName.get(arm)!),
    attached: options.config.gateways,
    otlp,
    work_dir: workDir,
    collector,
    pause_ms: options.config.profile.pause_ms,
    settle_ms: options.config.profile.settle_ms,
    signal: options.signal,
  };
}

const asWeighbridgeError = (error: unknown): WeighbridgeError =>
  error instanceof WeighbridgeError
    ? error
    : new WeighbridgeError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
