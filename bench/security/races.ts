/**
 * The race study: how often two overlapping refreshes of one session hand out more scope than was consented to, against
 * the gap between them. An agent in a process of its own, at the real authorization server and the real tools; between
 * the two strategies nothing differs but the agent's column, and with it its code.
 *
 * A trial: all tokens of the session are revoked; a plugin that writes makes a call, and `gap_ms` later one that may only
 * read makes another. Each is refused and refreshes. Escalated is a trial in which the reader's call was served with a
 * token that has a scope which the reader did not ask for.
 */

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { SliceReport } from '#contract/calls.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { seededRandom } from '#contract/random.ts';
import type { Race } from '#contract/security.ts';
import { builtinArms } from '../campaign/config/builtin.ts';
import type { Supervisor } from '../campaign/supervise.ts';
import { clopperPearson } from '../stats/binomial.ts';
import type { Range, RunningAgent } from './attack.ts';
import { harmless } from './attacks/native/parts/harmless.ts';
import { makeCalls } from './means/calls.ts';
import { openRange } from './range.ts';

export type Strategy = Race['strategy'];
export const strategies: readonly Strategy[] = ['regressed', 'hardened'];

/** Whose agent follows the strategy. */
const armOf: Readonly<Record<Strategy, string>> = { regressed: 'native-regressed', hardened: 'native' };

/** Shorter, about as long as, and longer than a refresh takes here. */
export const defaultGaps_ms: readonly number[] = [0, 1, 2, 5, 10, 20, 50];
/** Of each gap and strategy: 420 trials in all, some 20 s on two cores that are left alone. */
export const defaultTrials = 30;
/** Trials that wake session, connections and authority up, and are not counted. */
const warmUp = 3;
const level = 0.95;

export interface RaceOptions {
  supervisor: Supervisor;
  /** Exists; folders of the study's own are made in it. */
  dir: string;
  /** Draws the order of the gaps: each has its share of any drift. */
  seed: string;
  strategies?: readonly Strategy[];
  gaps_ms?: readonly number[];
  /** Per gap and strategy. */
  trials?: number;
  /** Of the hardened strategy over all gaps, at least: what is missing is made at the smallest, where a race is likeliest. */
  hardened_trials?: number;
  signal?: AbortSignal;
  /** Told after each trial. */
  onTrial?: (done: number, of: number) => void;
}

/**
 * Runs the study; a row per strategy and gap, in the order in which they were given.
 * @throws WeighbridgeError STOPPED where the signal says so
 */
export async function runRaces(options: RaceOptions): Promise<Race[]> {
  const { strategies: wanted = strategies } = options;
  const planned = wanted.map((strategy) => ({ strategy, trials: trialsOf(strategy, options) }));
  const of = sum(planned.flatMap(({ trials }) => [...trials.values()]));
  const races: Race[] = [];
  for (const { strategy, trials } of planned) {
    const before = sum(races.map((race) => race.trials));
    races.push(...(await study(strategy, { ...options, trials }, (n) => options.onTrial?.(before + n, of))));
  }
  return races;
}

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

/** By gap. */
export function trialsOf(
  strategy: Strategy,
  {
    gaps_ms = defaultGaps_ms,
    trials = defaultTrials,
    hardened_trials = 0,
  }: Pick<RaceOptions, 'gaps_ms' | 'trials' | 'hardened_trials'>,
): ReadonlyMap<number, number> {
  const of = new Map(gaps_ms.map((gap_ms) => [gap_ms, trials]));
  const missing = strategy === 'hardened' ? hardened_trials - trials * gaps_ms.length : 0;
  if (missing > 0) of.set(Math.min(...gaps_ms), trials + missing);
  return of;
}

interface Study extends Omit<RaceOptions, 'trials'> {
  /** By gap. */
  trials: ReadonlyMap<number, number>;
}

async function study(
  strategy: Strategy,
  { supervisor, dir, seed, trials, signal }: Study,
  onTrial: (done: number) => void,
): Promise<Race[]> {
  const own = mkdtempSync(join(dir, `race-${strategy}-`));
  const arm = await openRange({ supervisor, spec: builtinArms.get(armOf[strategy])!, dir: own, seed });
  try {
    const { range, end } = await arm.forAttack('races', signal);
    const agent = await range.startAgent();
    for (let n = 0; n < warmUp; n++) await overlap(range, agent, 0);
    const tallies = new Map([...trials].map(([gap_ms, count]) => [gap_ms, { trials: count, escalated: 0, served: 0 }]));
    const order = seededRandom(`${seed}/races/${strategy}`).shuffle(
      [...trials].flatMap(([gap_ms, count]) => Array.from({ length: count }, () => gap_ms)),
    );
    for (const [n, gap_ms] of order.entries()) {
      if (signal?.aborted) throw new WeighbridgeError('STOPPED', 'the race study was told to end');
      const trial = await overlap(range, agent, gap_ms);
      const tally = tallies.get(gap_ms)!;
      if (trial.escalated) tally.escalated++;
      tally.served += trial.served;
      onTrial(n + 1);
    }
    await end();
    return [...tallies].map(([gap_ms, tally]) => ({
      strategy,
      gap_ms,
      ...tally,
      calls: tally.trials * callsOfTrial,
      ci95: clopperPearson(tally.escalated, tally.trials, level),
    }));
  } finally {
    await arm.close();
  }
}

export const callsOfTrial = 2;

export interface Overlap {
  /** The reader's call was served with more scope than the reader asked for. */
  escalated: boolean;
  /** Of the two calls. */
  served: number;
  writer: SliceReport;
  reader: SliceReport;
}

/** One trial. */
export async function overlap(range: Range, agent: RunningAgent, gap_ms: number): Promise<Overlap> {
  await range.auth.control.call('revoke', { client_id: agent.config.auth.client_id });
  const startNs = process.hrtime.bigint();
  const writing = makeCalls(agent, [harmless('calendar.create_event')]);
  const reading = passed(startNs, gap_ms).then(() => makeCalls(agent, [harmless('calendar.list_events')]));
  const [writer, reader] = await Promise.all([writing, reading]);
  const tooBroad = reader.attempts.some(({ status, scope_excess }) => status === 200 && (scope_excess ?? 0) > 0);
  const served = [...writer.calls, ...reader.calls].filter(({ outcome }) => outcome === 'ok').length;
  return { escalated: tooBroad, served, writer, reader };
}

/** Timers count in whole milliseconds and fire late: the last bit is waited for in turns of the event loop. */
const timerCoarseness_ms = 1.5;

async function passed(startNs: bigint, gap_ms: number): Promise<void> {
  const left = (): number => gap_ms - Number(process.hrtime.bigint() - startNs) / 1e6;
  const asleep_ms = Math.floor(left() - timerCoarseness_ms);
  if (asleep_ms >= 1) await new Promise((resolve) => setTimeout(resolve, asleep_ms));
  while (left() > 0) await new Promise((resolve) => setImmediate(resolve));
}
