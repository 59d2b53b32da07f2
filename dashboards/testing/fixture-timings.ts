/** Where the time of attempts goes, for the hand-made analysis: one gateway opens a connection now and then. Not measured. */
import type { Explanation, Timing } from '#contract/analysis.ts';
import { type ArmShape, type Cell, shiftOf } from './fixture-arms.ts';

const perLeg = 2_400;

function leg(name: 'agent' | 'gateway', wait_us: number, opened: number): Timing['legs'][number] {
  const share = opened / perLeg;
  const means: [string, number][] = [
    ['lookup', 90 * share],
    ['connect', 180 * share],
    ['TLS', 1_100 * share],
    ['send', 22],
    ['wait', wait_us],
    ['receive', 14],
  ];
  const mean_us = means.reduce((sum, [, us]) => sum + us, 0);
  return {
    leg: name,
    attempts: perLeg,
    opened,
    refused: 0,
    mean_us,
    parts: means.map(([part, us]) => ({ part, mean_us: us, share: us / mean_us })),
    opening:
      opened > 0
        ? { lookup_us: 90, connect_us: 180, tls_us: 1_100 }
        : { lookup_us: null, connect_us: null, tls_us: null },
    unseen: opened > 0 ? [] : ['every attempt found its connection open: nothing was looked up, connected or secured'],
  };
}

export function timing(shape: ArmShape, cell: Cell): Timing {
  const mean_us = 214 + shiftOf(shape, 'mean');
  const behind = shape.gateway !== 'none';
  return {
    phase: 'latency',
    ...cell,
    arm: shape.arm,
    calls: perLeg,
    call_mean_us: mean_us,
    in_tool_us: 61,
    legs: [leg('agent', mean_us - 60, 0), ...(behind ? [leg('gateway', 110, shape.arm === 'gateway' ? 720 : 0)] : [])],
    unseen: [],
    tasks: {
      tasks: 480,
      answered: 480,
      calls_per_task: 5,
      mean_us: 5 * mean_us,
      p50_us: 4.8 * mean_us,
      p95_us: 6.1 * mean_us,
    },
  };
}

export function explanation(arm: ArmShape, baseline: ArmShape, cell: Cell): Explanation {
  const difference_us = shiftOf(arm, 'mean') - shiftOf(baseline, 'mean');
  const unexpected = arm.arm === 'gateway';
  const opens = `${arm.arm} opens a new connection in 30 % of the attempts of its gateway, which takes 0.411 ms per call (name lookup 0.027 ms, connecting 0.054 ms, TLS 0.330 ms)`;
  const says = unexpected ? opens : 'the second hop adds what there is';
  return {
    phase: 'latency',
    ...cell,
    arm: arm.arm,
    baseline: baseline.arm,
    difference_us,
    task_difference_us: 5 * difference_us,
    unexpected,
    causes: [{ cause: 'second hop', us: difference_us, unexpected, says }],
    sentence: `A call takes ${(difference_us / 1000).toFixed(3)} ms more on ${arm.arm} than on ${baseline.arm}. ${unexpected ? `Unexpected: ${opens}.` : 'Nothing unexpected.'}`,
  };
}
