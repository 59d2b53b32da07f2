/** What makes the difference between two arms, for every pair and setting: means of per-block means, told by `explain`. */
import type { Analysis } from '#contract/analysis.ts';
import { mean } from '../stats/location.ts';
import type { CellBlock } from './cells.ts';
import { commonBlocks } from './comparisons.ts';
import type { Data } from './data.ts';
import { explain, type LegTime, noLeg, type Side } from './explain.ts';
import { type ArmPair, isUneven, isUntraced } from './metrics.ts';
import type { LegSums } from './timing.ts';

export function explanationsOf(data: Data, pairs: readonly ArmPair[]): Analysis['explanations'] {
  const out: Analysis['explanations'] = [];
  for (const setting of data.settings.filter((s) => s.phase === 'latency')) {
    for (const pair of pairs) {
      const blocks = commonBlocks(setting, pair).filter(
        (b) => data.parts.has(b.arm.cb) && data.parts.has(b.baseline.cb),
      );
      if (blocks.length === 0 || isUntraced(data, pair) || isUneven(data, blocks)) continue;
      const of = (side: 'arm' | 'baseline'): CellBlock[] => blocks.map((b) => b[side]);
      const [arm, baseline] = [sideOf(data, pair.arm, of('arm')), sideOf(data, pair.baseline, of('baseline'))];
      const [task, against] = [taskMean(data, of('arm')), taskMean(data, of('baseline'))];
      const task_difference_us = task === null || against === null ? null : task - against;
      const { sentence, ...explained } = explain(arm, baseline);
      out.push({
        phase: setting.phase,
        workload: setting.workload,
        condition: setting.condition,
        ...pair,
        ...explained,
        task_difference_us,
        sentence: `${sentence}${taskSentence(task_difference_us)}`,
      });
    }
  }
  return out;
}

function sideOf(data: Data, name: string, blocks: readonly CellBlock[]): Side {
  const parts = blocks.map((b) => data.parts.get(b.cb)!);
  const perCall = (key: keyof (typeof parts)[number]): number => mean(parts.map((p) => (p[key] ?? 0) / p.calls / 1000));
  const arm = data.manifest.arms.find((a) => a.arm === name);
  return {
    arm: name,
    gateway: arm?.attached ? 'attached' : arm === undefined || arm.gateway === 'none' ? 'none' : 'ours',
    controls: arm?.controls ?? '',
    felt_us: perCall('felt_ns'),
    agent_us: perCall('agent_ns'),
    refresh_us: perCall('refresh_ns'),
    wire_us: perCall('wire_ns'),
    gateway_us: perCall('gateway_ns'),
    upstream_us: perCall('upstream_wire_ns'),
    check_us: perCall('check_ns'),
    tool_us: perCall('tool_ns'),
    fromAgent: legOf(data, blocks, 'agent') ?? noLeg,
    fromGateway: legOf(data, blocks, 'gateway'),
  };
}

function legOf(data: Data, blocks: readonly CellBlock[], leg: LegSums['leg']): LegTime | null {
  const seen = blocks.flatMap((b) => {
    const sums = data.timing.legs.get(b.cb)?.find((l) => l.leg === leg);
    return sums ? [{ sums, calls: data.parts.get(b.cb)!.calls }] : [];
  });
  if (seen.length === 0) return null;
  const per = (value: (s: LegSums, calls: number) => number): number => mean(seen.map((s) => value(s.sums, s.calls)));
  return {
    attempts: per((s, calls) => s.attempts / calls),
    opened: per((s) => s.opened / s.attempts),
    refused: per((s) => s.refused / s.attempts),
    lookup_us: per((s, calls) => s.lookup_ns / calls / 1000),
    connect_us: per((s, calls) => s.connect_ns / calls / 1000),
    tls_us: per((s, calls) => s.tls_ns / calls / 1000),
    refused_us: per((s, calls) => s.refused_ns / calls / 1000),
  };
}

/** µs; null where no task was answered whole in some block. */
function taskMean(data: Data, blocks: readonly CellBlock[]): number | null {
  const means = blocks.map((b) => {
    const sums = data.timing.tasks.get(b.cb);
    return sums && sums.answered > 0 ? sums.task_ns / sums.answered / 1000 : null;
  });
  return means.some((m) => m === null) ? null : mean(means as number[]);
}

const taskSentence = (us: number | null): string =>
  us === null ? '' : ` A task takes ${(Math.abs(us) / 1000).toFixed(3)} ms ${us < 0 ? 'less' : 'more'}.`;
