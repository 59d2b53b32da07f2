/**
 * autocannon as a probe of gateways and tools alone, behind the paced and the closed steps of an arm and on the same
 * tiers: how much goes through when no agent is in the path and nobody paces. Its raw samples are stored; nothing that
 * autocannon makes of them is.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Gate } from '#contract/analysis.ts';
import type { ProbeOrder, ProbeReport } from '#contract/calls.ts';
import type { ProberMethods } from '#contract/control.ts';
import { probeGate } from '#contract/loadFigures.ts';
import type { Manifest } from '#contract/manifest.ts';
import { callHeader, operationByName, toolsAudience } from '#contract/tools.ts';
import { stopIfAsked } from '../stop.ts';
import type { Tier } from '../supervise.ts';
import { within } from '../supervise.ts';
import { everyTier, Noted } from '../tiers.ts';
import { type ArmRun, late, type StepDone, stepGrace_ms, underWatch } from './armRun.ts';
import { type PlannedProbe, stepPause_ms } from './plan.ts';

/** Read-only and without arguments: the same request again and again, which leaves nothing behind. */
const operation = operationByName.get('calendar.list_events')!;

/** Each connection may have one request under way when the time is up; those go without a sample. */
export function completeness(block: number, probe: PlannedProbe, { unanswered, report }: ProbeReport): Gate {
  const { connections } = probe;
  const lost = Math.max(0, unanswered - connections);
  return {
    name: probeGate(probe),
    block,
    value: lost,
    limit: 0,
    unit: 'requests',
    ok: lost === 0,
    voids: false,
    note: `requests without a sample beyond those under way at the end, of ${report.outcome.length + unanswered}`,
  };
}

export async function runProbes(
  run: ArmRun,
  probes: readonly PlannedProbe[],
  done: StepDone,
): Promise<Manifest['processes']> {
  if (probes.length === 0) return [];
  const { options, sums } = run;
  const { supervisor, block } = options;
  const prober = supervisor.start<ProberMethods>('prober', `prober of ${run.arm.spec.arm}`);
  try {
    await supervisor.ready(prober, prober.control.call('configure'));
    for (const probe of probes) {
      stopIfAsked(options.signal);
      await new Noted().drain(everyTier(run.fleet));
      await pause(stepPause_ms);
      const found = await runProbe(run, prober, probe);
      sums.probes.push(completeness(block, probe, found));
      await store(run, probe, found);
      done(probe);
    }
    return [{ name: `${prober.name} (load)`, command: prober.command, pid: prober.pid, block }];
  } finally {
    await supervisor.stop(prober);
  }
}

async function runProbe(run: ArmRun, prober: Tier<ProberMethods>, probe: PlannedProbe): Promise<ProbeReport> {
  const order = await orderOf(run, probe);
  const deadline_ms = probe.duration_s * 1_000 + stepGrace_ms;
  return underWatch(run, [prober.pid], () =>
    within(prober.control.call('probe', order), deadline_ms, late(run, `the probe of ${probe.target}`)),
  );
}

async function orderOf({ options, fleet, arm }: ArmRun, probe: PlannedProbe): Promise<ProbeOrder> {
  const toTools = probe.target === 'tools';
  // The tools take the token of whoever calls them in this arm: the agent, or the gateway that swaps it.
  const client_id = toTools ? (arm.vault_client_id ?? arm.client_id) : arm.client_id;
  const resource = toTools ? toolsAudience : arm.resource;
  const { token } = await fleet.auth.control.call('mint', { client_id, resource, kind: 'good' });
  const { spec } = arm;
  const attached = !toTools && typeof spec.gateway === 'object' ? options.attached[spec.gateway.attached] : undefined;
  return {
    url: `${toTools ? fleet.bases.tools : fleet.bases.arms.get(spec.arm)!}${operation.path}`,
    method: operation.method,
    headers: { ...attached?.headers, authorization: `Bearer ${token}`, [callHeader]: probe.key },
    connections: probe.connections,
    duration_s: probe.duration_s,
    timeout_s: probe.timeout_s,
    max_samples: probe.max_samples,
  };
}

async function store({ options, plan, arm }: ArmRun, probe: PlannedProbe, { report }: ProbeReport): Promise<void> {
  const { condition, step, connections } = probe;
  await options.collector.control.call('add_load', {
    step: {
      workload: plan.workload,
      condition,
      arm: arm.spec.arm,
      block: options.block,
      step,
      rate_per_s: null,
      workers: connections,
    },
    report: { ...report, start_ns: report.start_ns + options.anchor_offset_ns },
  });
}
