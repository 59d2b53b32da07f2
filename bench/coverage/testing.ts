/** Recordings of machines that never were, in which the right answer is known. For tests. */
import type { Recording } from '#contract/coverage.ts';
import { type Random, seededRandom } from '#contract/random.ts';
import { equals, hop, increment } from './config.ts';
import type { ArmCalls, Recorded } from './samples.ts';

export interface MachineOptions {
  seed: string;
  blocks?: number;
  /** Spread of what is a block's and an arm's own: fresh processes lie elsewhere in memory. */
  own_us?: number;
  /** Carry of that from one block to the next: AR(1). */
  carry?: number;
  /** Of the machine's speed, the same for all arms: slow waves with so many blocks a period … */
  wave?: { us: number; blocks: number };
  /** … and what every block is slower at its first round than at its last. */
  warming_us?: number;
  /** What the placebo's delay costs beyond what its injector says. */
  beyond_us?: number;
  /** Added to lead-in calls, by arm; 80 for arms without a gateway, 300 behind one. */
  cold_us?: (arm: string) => number;
}

const shape = { rounds: 15, slice_calls: 25, lead_in: 5 };
const delays_ms: Readonly<Record<string, number>> = { [hop.arm]: 0, [increment.baseline]: 7, [increment.arm]: 8 };
const arms = [equals.baseline, equals.arm, hop.arm, increment.baseline, increment.arm];

/** Calls of one arm in one block: right-skewed noise about a level. */
function callsOf(
  random: Random,
  level: (round: number) => number,
  cold_us: number,
  injected_us: () => number,
): ArmCalls {
  const n = shape.rounds * shape.slice_calls;
  const calls: ArmCalls = {
    round: new Uint8Array(n),
    lead_in: new Uint8Array(n),
    latency_us: new Float64Array(n),
    injected_us: new Float64Array(n),
  };
  for (let i = 0; i < n; i++) {
    const round = Math.floor(i / shape.slice_calls);
    const lead = i % shape.slice_calls < shape.lead_in;
    const injected = injected_us();
    calls.round[i] = round;
    calls.lead_in[i] = lead ? 1 : 0;
    calls.injected_us[i] = injected;
    calls.latency_us[i] = level(round) + 40 * Math.exp(0.6 * random.normal()) + (lead ? cold_us : 0) + injected;
  }
  return calls;
}

/** The same with the first rounds of each block alone, of 20 kept calls each. */
export const shortened = ({ recording, calls }: Recorded, rounds: number): Recorded => ({
  recording: { ...recording, rounds },
  calls: calls.map((block) => block.map((of) => firstCalls(of, rounds * shape.slice_calls))),
});

const firstCalls = ({ round, lead_in, latency_us, injected_us }: ArmCalls, n: number): ArmCalls => ({
  round: round.subarray(0, n),
  lead_in: lead_in.subarray(0, n),
  latency_us: latency_us.subarray(0, n),
  injected_us: injected_us.subarray(0, n),
});

export function machine(options: MachineOptions): Recorded {
  const { seed, blocks = 220, own_us = 15, carry = 0, wave, warming_us = 0, beyond_us = 0 } = options;
  const cold_us = options.cold_us ?? ((arm: string) => (arm.startsWith('placebo') ? 300 : 80));
  const random = seededRandom(seed);
  const own = arms.map(() => random.normal());
  const calls = Array.from({ length: blocks }, (_, block) => {
    const machine_us = wave ? wave.us * Math.sin((2 * Math.PI * block) / wave.blocks) : 0;
    return arms.map((arm, a) => {
      own[a] = carry * own[a]! + Math.sqrt(1 - carry ** 2) * random.normal();
      const placebo = arm in delays_ms;
      const known_us = (delays_ms[arm] ?? 0) * 1_000;
      const base = 180 + machine_us + own_us * own[a]! + (placebo ? 150 : 0) + (arm === increment.arm ? beyond_us : 0);
      const level = (round: number): number => base + (warming_us * (shape.rounds - round)) / shape.rounds;
      return callsOf(random, level, cold_us(arm), () => (placebo ? known_us + 0.3 * random.next() : 0));
    });
  });
  return { recording: recordingOf(seed, blocks), calls };
}

const recordingOf = (seed: string, blocks: number): Recording => ({
  version: 1,
  seed,
  weighbridge: { version: '0.0.0', commit: '0'.repeat(40), dirty: false, lockfile_sha256: '0' },
  runtime: { node: 'none', binary_sha256: '0', v8: 'none' },
  environment: {
    cpu: 'none',
    cores: 2,
    memory_mib: 1,
    kernel: 'none',
    os: 'none',
    governor: 'none',
    virtualization: 'none',
    clock_source: 'none',
  },
  workload: 'tool-chain',
  condition: 'instant/c1/http',
  ...shape,
  pause_ms: 20,
  arms: arms.map((arm) => ({ arm, label: arm, delay_ms: delays_ms[arm] ?? null })),
  parts: [
    {
      id: 'synthetic',
      status: 'complete' as const,
      started: '2026-01-01T00:00:00.000Z',
      ended: '2026-01-01T01:00:00.000Z',
      duration_s: 3_600,
      plan_digest: '0',
      resumed: [],
    },
  ],
  blocks: Array.from({ length: blocks }, (_, block) => ({
    block,
    part: 0,
    of_part: block,
    started: '2026-01-01T00:00:00.000Z',
    voided: null,
    replaces: null,
    settled_ms: 0,
    gates: [],
  })),
  calls_sha256: '0'.repeat(64),
});
