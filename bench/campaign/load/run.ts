/**
 * Runs the load part of a block: arm after arm, each on fresh tiers that it has to itself and that note no spans and no
 * lines, since what the observer costs would be a part of the figures. Nothing is exported, stored or collected but
 * between steps.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Gate } from '#contract/analysis.ts';
import { type LoadReport, loadOutcomes } from '#contract/calls.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { BlockOptions } from '../block.ts';
import { type Fleet, processesOf, startFleet, stopFleet } from '../fleet.ts';
import { measureUsage, resourceRows } from '../readings.ts';
import { stopIfAsked } from '../stop.ts';
import { within } from '../supervise.ts';
import { everyTier, Noted, tiersOf } from '../tiers.ts';
import { type ArmRun, late, type StepDone, type Sums, stepGrace_ms, underWatch } from './armRun.ts';
import { judgeLoad, lagP99_us } from './gates.ts';
import { type LoadPlan, loadOrder, type PlannedStep, stepPause_ms, warmUpOrder } from './plan.ts';
import { runProbes } from './probe.ts';

const unsent = loadOutcomes.indexOf('unsent');

export interface LoadResult {
  gates: Gate[];
  processes: Manifest['processes'];
}

export async function runLoad(options: BlockOptions, plan: LoadPlan, done: StepDone): Promise<LoadResult> {
  const sums: Sums = { steps: [], ticks: { busy: 0, steal: 0, total: 0 }, ours_cpu_ns: 0n, probes: [] };
  const processes: Manifest['processes'] = [];
  for (const name of plan.arms) {
    stopIfAsked(options.signal);
    processes.push(...(await runArm(options, plan, { name, sums, done })));
  }
  const { block } = options.plan;
  const machine = { before: sums.ticks && { busy: 0, steal: 0, total: 0 }, after: sums.ticks };
  const gates = judgeLoad({ block, steps: sums.steps, machine, ours_cpu_ns: sums.ours_cpu_ns });
  return { gates: [...gates, ...sums.probes], processes };
}

async function runArm(
  options: BlockOptions,
  plan: LoadPlan,
  { name, sums, done }: { name: string; sums: Sums; done: StepDone },
): Promise<Manifest['processes']> {
  const { supervisor, block } = options;
  // The gateway's audit log grows with every call: it goes with the arm.
  const work_dir = join(options.work_dir, 'load');
  mkdirSync(work_dir, { recursive: true });
  const arms = options.arms.filter((spec) => spec.arm === name);
  let fleet: Fleet | undefined;
  try {
    fleet = await startFleet({ ...options, arms, work_dir, telemetry: 'off' });
    const run: ArmRun = { options, plan, fleet, arm: fleet.arms.get(name)!, sums };
    await fleet.tools.control.call('set_service_time', plan.service_time);
    await within(run.arm.agent.control.call('run_load', warmUpOrder(plan, block)), stepGrace_ms, late(run, 'warm-up'));
    for (const step of plan.steps) {
      stopIfAsked(options.signal);
      await runStep(run, step);
      done(step);
    }
    const probes = (plan.probes ?? []).filter((p) => p.arm === name);
    const probers = await runProbes(run, probes, done);
    const tiers = processesOf(fleet).map(({ name: tier, command, pid }) => ({
      name: `${tier} (load)`,
      command,
      pid,
      block,
    }));
    return [...tiers, ...probers];
  } catch (error) {
    throw await supervisor.explain(error);
  } finally {
    if (fleet) await stopFleet(fleet, supervisor);
    rmSync(work_dir, { recursive: true, force: true });
  }
}

async function runStep(run: ArmRun, step: PlannedStep): Promise<void> {
  const { options, plan, fleet, arm, sums } = run;
  const { block } = options;
  const order = loadOrder(plan, step, block);
  await new Noted().drain(everyTier(fleet));
  await pause(stepPause_ms);
  const used = measureUsage(tiersOf(fleet, arm));
  const deadline_ms = step.duration_s * 1_000 + stepGrace_ms;
  const report = await underWatch(run, [], () =>
    within(arm.agent.control.call('run_load', order), deadline_ms, late(run, `step ${step.step}`)),
  );
  const use = used();
  if (report.pace === 'open') {
    const cpu_shares = use.map((u) => Number(u.cpu_ns) / report.elapsed_ns);
    sums.steps.push({ arm: arm.spec.arm, lag_p99_us: lagP99_us(report, plan.discard), cpu_shares });
  }
  await store(run, step, report, use);
}

async function store(
  { options, plan, arm }: ArmRun,
  { condition, step, rate_per_s, workers }: PlannedStep,
  report: LoadReport,
  use: ReturnType<ReturnType<typeof measureUsage>>,
): Promise<void> {
  const { block, collector } = options;
  const { workload } = plan;
  const name = arm.spec.arm;
  const sent = report.outcome.filter((outcome) => outcome !== unsent).length;
  await collector.control.call('add_load', {
    step: { workload, condition, arm: name, block, step, rate_per_s, workers },
    report,
  });
  const rows = resourceRows({ phase: 'load', workload, condition, block, round: 0, slice: step }, name, sent, use);
  if (rows.length > 0) await collector.control.call('add_resources', { rows });
}
