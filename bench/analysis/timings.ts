/** Per arm: where the time of its attempts goes, as description, and how long its tasks take beside its calls. */
import type { Analysis, Timing } from '#contract/analysis.ts';
import { type Cell, type CellBlock, keptBlocks } from './cells.ts';
import type { Data } from './data.ts';
import type { LegSums } from './timing.ts';

type LegTiming = Timing['legs'][number];

export function timingsOf(data: Data): Analysis['timings'] {
  return data.settings
    .filter((s) => s.phase === 'latency')
    .flatMap((setting) =>
      data.manifest.arms.flatMap(({ arm }) => {
        const cell = setting.arms.get(arm);
        return cell ? [timingOf(data, cell)] : [];
      }),
    );
}

function timingOf(data: Data, cell: Cell): Timing {
  const { phase, workload, condition, arm } = cell;
  const blocks = keptBlocks(cell);
  const parts = blocks.flatMap((b) => data.parts.get(b.cb) ?? []);
  const total = (of: (p: (typeof parts)[number]) => number): number => parts.reduce((sum, p) => sum + of(p), 0);
  const calls = total((p) => p.calls);
  const perCall = (ns: number): number | null => (calls > 0 ? ns / calls / 1000 : null);
  const { attached, telemetry } = data.manifest.arms.find((a) => a.arm === arm) ?? {};
  return {
    phase,
    workload,
    condition,
    arm,
    calls,
    call_mean_us: perCall(total((p) => p.felt_ns)),
    in_tool_us: total((p) => p.complete) > 0 ? perCall(total((p) => p.tool_ns + p.check_ns)) : null,
    legs: (['agent', 'gateway'] as const).flatMap((leg) => {
      const sums = blocks.flatMap((b) => (data.timing.legs.get(b.cb) ?? []).filter((l) => l.leg === leg));
      return sums.length > 0 ? [legTiming(leg, sums)] : [];
    }),
    unseen: [
      ...(attached ? ['what an attached gateway does between its client and the tool: it is in wait'] : []),
      ...(telemetry === 'off' ? ['all beyond the agent, since the arm is not traced: it is in wait'] : []),
    ],
    tasks: tasksOf(data, { phase, workload, condition, arm }, blocks),
  };
}

function legTiming(leg: LegTiming['leg'], sums: readonly LegSums[]): LegTiming {
  const total = (key: Exclude<keyof LegSums, 'cb' | 'leg'>): number => sums.reduce((sum, s) => sum + s[key], 0);
  const attempts = total('attempts');
  const all_ns = total('attempt_ns');
  const sendSeen = total('sent') === attempts;
  const part = (name: string, key: Parameters<typeof total>[0], seen = true): LegTiming['parts'][number] => {
    const ns = total(key);
    return {
      part: name,
      mean_us: seen ? ns / attempts / 1000 : null,
      share: seen && all_ns > 0 ? ns / all_ns : null,
    };
  };
  const each = (
    key: 'lookup_ns' | 'connect_ns' | 'tls_ns',
    of: 'looked_up' | 'connected' | 'secured',
  ): number | null => (total(of) > 0 ? total(key) / total(of) / 1000 : null);
  const opened = total('opened');
  return {
    leg,
    attempts,
    opened,
    refused: total('refused'),
    mean_us: all_ns / attempts / 1000,
    parts: [
      part('lookup', 'lookup_ns'),
      part('connect', 'connect_ns'),
      part('TLS', 'tls_ns'),
      part('send', 'send_ns', sendSeen),
      part('wait', 'wait_ns'),
      part('receive', 'receive_ns'),
    ],
    opening: {
      lookup_us: each('lookup_ns', 'looked_up'),
      connect_us: each('connect_ns', 'connected'),
      tls_us: each('tls_ns', 'secured'),
    },
    unseen: unseenOf({ opened, looked_up: total('looked_up'), secured: total('secured'), sendSeen }),
  };
}

/** Why a part is nothing, or not known. */
function unseenOf(seen: { opened: number; looked_up: number; secured: number; sendSeen: boolean }): string[] {
  const said: string[] = [];
  if (seen.opened === 0)
    said.push('every attempt found its connection open: nothing was looked up, connected or secured');
  else {
    if (seen.looked_up === 0) said.push('an address was dialled: there was no name to look up');
    if (seen.secured === 0) said.push('plain HTTP: there was no TLS');
  }
  if (!seen.sendSeen) said.push('when requests were written was not noted: sending is in wait');
  return said;
}

function tasksOf(
  data: Data,
  place: { phase: string; workload: string; condition: string; arm: string },
  blocks: readonly CellBlock[],
): Timing['tasks'] {
  const sums = blocks.flatMap((b) => data.timing.tasks.get(b.cb) ?? []);
  const total = (key: 'tasks' | 'answered' | 'calls' | 'task_ns'): number => sums.reduce((sum, s) => sum + s[key], 0);
  const answered = total('answered');
  const found = data.timing.quantiles.find(
    (q) =>
      q.phase === place.phase &&
      q.workload === place.workload &&
      q.condition === place.condition &&
      q.arm === place.arm,
  );
  const micros = (ns: number | undefined): number | null =>
    ns !== undefined && Number.isFinite(ns) ? ns / 1000 : null;
  return {
    tasks: total('tasks'),
    answered,
    calls_per_task: answered > 0 ? total('calls') / answered : null,
    mean_us: answered > 0 ? total('task_ns') / answered / 1000 : null,
    p50_us: micros(found?.p50_ns),
    p95_us: micros(found?.p95_ns),
  };
}
