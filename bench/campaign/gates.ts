/**
 * Gates on the instrument, never on the outcome: each is a pure judgement over one block's readings. A gate that fails
 * voids the block for all arms. A slow arm is no reason: that is an outcome.
 */
import type { Gate } from '#contract/analysis.ts';
import type { CallRow } from '#contract/calls.ts';
import type { MachineTicks } from './usage.ts';

/** Of all CPU time, what may go to steal, and to processes that are not ours. */
export const stealLimit = 0.02;
export const foreignLimit = 0.05;

export interface BlockReadings {
  block: number;
  /** Latency calls of the arm `direct`, or of the first arm: baseline and generator share a process. */
  baseline: CallRow[];
  calls: CallRow[];
  machine: { before: MachineTicks | null; after: MachineTicks | null };
  /** CPU time of all our processes, this one included, between the two readings. */
  ours_cpu_ns: bigint;
  telemetry: { spans_started: number; spans_stored: number; lines_written: number; lines_stored: number };
}

/** Of all CPU time between two readings, what went to other machines of the same host; null where that is unknown. */
export function stealShare(before: MachineTicks | null, after: MachineTicks | null): number | null {
  if (!before || !after || after.total <= before.total) return null;
  return (after.steal - before.steal) / (after.total - before.total);
}

const microsPerTick = 10_000;

const p = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
const sortedMicros = (values: bigint[]): number[] => values.map((v) => Number(v) / 1_000).sort((a, b) => a - b);

export const judgeBlock = (readings: BlockReadings): Gate[] => [
  lateness(readings),
  ...machineGates(readings),
  ...lossGates(readings),
];

/** For a gate that failed: `CPU steal: 2.9 %, limit 2 %`. */
export function sayFailure({ name, value, limit, unit }: Gate): string {
  const said = (x: number | null): string => {
    if (x === null) return 'unknown';
    return unit === 'share' ? `${Number((x * 100).toPrecision(2))} %` : `${Math.round(x)} ${unit}`;
  };
  return `${name}: ${said(value)}, limit ${said(limit)}`;
}

function lateness({ block, calls, baseline }: BlockReadings): Gate {
  const kept = calls.filter((c) => c.phase === 'latency' && !c.lead_in);
  const lag_us = p(sortedMicros(kept.map((c) => c.start_ns - c.due_ns)), 0.99);
  const baseline_us = p(sortedMicros(baseline.filter((c) => !c.lead_in).map((c) => c.latency_ns)), 0.95);
  const limit = Math.max(1_000, 0.1 * baseline_us);
  return {
    name: 'generator on time',
    block,
    value: lag_us,
    limit,
    unit: 'us',
    ok: lag_us <= limit,
    voids: true,
    note: 'p99 of start − due over the kept latency calls; limit max(1 ms, 10 % of the baseline’s p95)',
  };
}

/** Was the machine left to us between the two readings? */
export function machineGates({
  block,
  machine,
  ours_cpu_ns,
}: Pick<BlockReadings, 'block' | 'machine' | 'ours_cpu_ns'>): Gate[] {
  const { before, after } = machine;
  const steal = stealShare(before, after);
  if (steal === null || !before || !after) {
    const note = '/proc/stat is not to be had here: CPU steal and foreign load are unknown';
    return [
      { name: 'machine to ourselves', block, value: null, limit: null, unit: 'share', ok: true, voids: false, note },
    ];
  }
  const total = after.total - before.total;
  const ours = Number(ours_cpu_ns) / 1_000 / microsPerTick;
  const foreign = Math.max(0, (after.busy - before.busy - ours) / total);
  return [
    {
      name: 'CPU steal',
      block,
      value: steal,
      limit: stealLimit,
      unit: 'share',
      ok: steal <= stealLimit,
      voids: true,
      note: 'CPU time that the hypervisor gave to others, of all CPU time of the block’s timed part',
    },
    {
      name: 'foreign load',
      block,
      value: foreign,
      limit: foreignLimit,
      unit: 'share',
      ok: foreign <= foreignLimit,
      voids: true,
      note: 'CPU time of processes that are not the campaign’s, kernel work included',
    },
  ];
}

function lossGates({ block, telemetry }: BlockReadings): Gate[] {
  const lost = (name: string, made: number, stored: number, what: string): Gate => ({
    name,
    block,
    value: made - stored,
    limit: 0,
    unit: 'count',
    ok: made === stored,
    voids: true,
    note: `${what} noted by the tiers minus stored by the collector`,
  });
  return [
    lost('no span lost', telemetry.spans_started, telemetry.spans_stored, 'spans'),
    lost('no log line lost', telemetry.lines_written, telemetry.lines_stored, 'log lines (counted in the raw output)'),
  ];
}
