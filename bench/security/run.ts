/**
 * The security phase: every attack on every arm, each arm alive once for all of them, two arms at a time. An attack that
 * could not be carried out is an error that names it and its arm: no cell is ever filled by anything but an attack.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';
import { seededRandom } from '#contract/random.ts';
import {
  type AttackResult,
  type Cell,
  type CitedRecord,
  type Race,
  type Security,
  securitySchema,
} from '#contract/security.ts';
import type { ArmSpec } from '../campaign/config/types.ts';
import { stopIfAsked } from '../campaign/stop.ts';
import { type Supervisor, within } from '../campaign/supervise.ts';
import type { Attack, Finding } from './attack.ts';
import { attacks as everyAttack } from './attacks/index.ts';
import { notApplicable } from './means/finding.ts';
import { runRaces, type Strategy, strategies } from './races.ts';
import { type ArmRange, openRange } from './range.ts';

export interface SecurityOptions {
  supervisor: Supervisor;
  arms: readonly ArmSpec[];
  /** Of those that there are; all where absent. */
  attacks?: readonly Attack[];
  /** Only these of them, by id; what is left out is told in what comes of it. */
  only?: readonly string[];
  seed: string;
  /** Exists; the ranges' directories are made in it. */
  work_dir: string;
  /** Is the race study part of it? Default: where the attack `scope-race` is, whose question it counts out. */
  races?: boolean;
  /** Trials of the hardened strategy in it, over all gaps, at least. */
  hardened_trials?: number;
  /** Arms that are attacked side by side. */
  at_once?: number;
  signal: AbortSignal;
  now?: () => Date;
  /** Handed what the tiers wrote of the trace that a cell cites, cell by cell. */
  cite?(records: readonly CitedRecord[]): void;
  progress?(step: { arm: string; attack: string; done: number; of: number }): void;
}

/** A range that opens and an attack that waits for a dozen processes, on a slow machine. */
const attackDeadline_ms = 120_000;
const defaultAtOnce = 2;
const raceAttack = 'scope-race';
const controlsOf: Readonly<Record<Strategy, ArmSpec['controls']>> = { regressed: 'regressed', hardened: 'on' };

/** What went wrong, attack by attack. */
interface Failure {
  attack: string;
  arm: string;
  error: unknown;
}

interface Run {
  options: SecurityOptions;
  attacks: readonly Attack[];
  left_out: readonly Attack[];
  cells: Map<string, Cell>;
  failures: Failure[];
  done: number;
  of: number;
}

/**
 * @throws WeighbridgeError STOPPED where the signal says so; INTERNAL that names every attack that could not be carried
 * out, and its arm
 */
export async function carryOutAttacks(options: SecurityOptions): Promise<Security> {
  const { arms, attacks: every = everyAttack, only, now = () => new Date(), seed, at_once = defaultAtOnce } = options;
  const [attacks, left_out] = [true, false].map((is) =>
    every.filter(({ id }) => (only?.includes(id) ?? true) === is),
  ) as [Attack[], Attack[]];
  const started = now();
  const startNs = process.hrtime.bigint();
  const run: Run = {
    options,
    attacks,
    left_out,
    cells: new Map(),
    failures: [],
    done: 0,
    of: arms.length * attacks.length,
  };
  const queue = seededRandom(`${seed}/security/arms`).shuffle(arms);
  await Promise.all(
    Array.from({ length: Math.min(at_once, queue.length) }, async () => {
      for (let spec = queue.shift(); spec; spec = queue.shift()) await attackArm(run, spec);
    }),
  );
  stopIfAsked(options.signal);
  if (run.failures.length > 0) throw failed(run.failures);
  // Alone on the machine: what is asked is how often two things overlap.
  const races = (options.races ?? attacks.some(({ id }) => id === raceAttack)) ? await racesOf(options) : [];
  return securitySchema.parse({
    version: 1,
    seed,
    started: started.toISOString(),
    duration_s: Math.round(Number(process.hrtime.bigint() - startNs) / 1e7) / 100,
    attacks: attacks.map((attack) => resultOf(run, attack)),
    races,
    ...(left_out.length === 0 ? {} : { left_out: left_out.map(({ id, title, claims }) => ({ id, title, claims })) }),
  } satisfies Security);
}

function resultOf({ cells, options }: Run, attack: Attack): AttackResult {
  const { id, title, capability, claims, story, counts_as_stopped } = attack;
  return {
    id,
    title,
    capability,
    claims,
    story,
    counts_as_stopped,
    cells: options.arms.map(({ arm }) => cells.get(keyOf(id, arm))!),
  };
}

const keyOf = (attack: string, arm: string): string => `${attack}/${arm}`;

/** All attacks on one arm, in an order of its own. */
async function attackArm(run: Run, spec: ArmSpec): Promise<void> {
  const { options } = run;
  const order = seededRandom(`${options.seed}/security/order/${spec.arm}`).shuffle(run.attacks);
  const range = new Reopening(run.options, spec);
  try {
    for (const attack of order) {
      if (options.signal.aborted) return;
      options.progress?.({ arm: spec.arm, attack: attack.id, done: run.done, of: run.of });
      try {
        const finding = await findingOf(options, attack, range);
        run.cells.set(keyOf(attack.id, spec.arm), { arm: spec.arm, ...finding });
      } catch (error) {
        run.failures.push({ attack: attack.id, arm: spec.arm, error: await explained(options.supervisor, error) });
        // Nobody knows how it left the arm.
        await range.close();
      }
      run.done++;
    }
  } finally {
    await range.close();
  }
}

/** The arm's range, opened when it is first needed, and again where the last one was given up. */
class Reopening {
  readonly spec: ArmSpec;
  readonly #options: SecurityOptions;
  #opened: ArmRange | undefined;
  #times = 0;

  constructor(options: SecurityOptions, spec: ArmSpec) {
    this.#options = options;
    this.spec = spec;
  }

  async open(): Promise<ArmRange> {
    const { supervisor, seed, work_dir } = this.#options;
    if (this.#opened) return this.#opened;
    const dir = join(work_dir, `${this.spec.arm}-${++this.#times}`);
    mkdirSync(dir, { mode: 0o700 });
    this.#opened = await openRange({ supervisor, spec: this.spec, dir, seed });
    return this.#opened;
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.close();
  }
}

async function findingOf(options: SecurityOptions, attack: Attack, range: Reopening): Promise<Finding> {
  const { spec } = range;
  const why =
    typeof spec.gateway === 'object'
      ? 'Its gateway is not ours, and what is not ours is never attacked.'
      : attack.notApplicable?.(spec);
  if (why !== undefined) return notApplicable(why);
  const opened = await range.open();
  stopIfAsked(options.signal);
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  try {
    return await within(
      orStopped(carryOut(opened, attack, { signal, cite: options.cite }), options.signal),
      attackDeadline_ms,
      () => new WeighbridgeError('DEADLINE', `it took over ${attackDeadline_ms / 1_000} s`),
    );
  } finally {
    ending.abort();
  }
}

/** A trace that nothing can be looked up of is not cited. */
async function carryOut(
  range: ArmRange,
  attack: Attack,
  { signal, cite }: { signal: AbortSignal; cite: SecurityOptions['cite'] },
): Promise<Finding> {
  const stand = await range.forAttack(attack.id, signal);
  const finding = await attack.carryOut(stand.range);
  const { trace_id } = finding;
  const kept = await stand.end(trace_id);
  if (trace_id === null) return finding;
  if (kept.length === 0) {
    const evidence = [
      ...finding.evidence,
      { where: 'logs of the tiers', found: 'no record of the trace of this call' },
    ];
    return { ...finding, trace_id: null, evidence };
  }
  cite?.(kept.map((record) => ({ trace_id, attack: attack.id, arm: range.spec.arm, ...record })));
  return finding;
}

/** Rejects as soon as the user wants out; what is under way ends with its processes. */
async function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(new WeighbridgeError('STOPPED', 'stopped by the user'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** While the processes are there to be asked: which one died or hangs. What else failed says so itself. */
const explained = (supervisor: Supervisor, error: unknown): Promise<unknown> =>
  error instanceof WeighbridgeError && (error.code === 'TIER_DEAD' || error.code === 'DEADLINE')
    ? supervisor.explain(error)
    : Promise.resolve(error);

function failed(failures: readonly Failure[]): WeighbridgeError {
  const lines = failures.map(({ attack, arm, error }) => {
    const what =
      error instanceof WeighbridgeError ? `${error.code}: ${error.message}` : String((error as Error).message);
    return `attack ${attack} on arm ${arm}: ${what}`;
  });
  const what = `${failures.length} attack${failures.length === 1 ? '' : 's'} could not be carried out`;
  return new WeighbridgeError('INTERNAL', `${what}\n  ${lines.join('\n  ')}`, {
    where: failures.map(({ attack, arm }) => keyOf(attack, arm)).join(', '),
    mend: 'try one alone: npx weighbridge attack --attacks ID --arms ARM; a cell without an attack is not written',
    cause: failures[0]!.error,
  });
}

/** Of those strategies that an arm of the campaign follows, with nothing switched off. */
async function racesOf(options: SecurityOptions): Promise<Race[]> {
  const { supervisor, arms, work_dir, seed, signal, hardened_trials, progress } = options;
  const followed = strategies.filter((strategy) =>
    arms.some(({ controls, settings }) => controls === controlsOf[strategy] && settings === undefined),
  );
  const dir = join(work_dir, 'races');
  mkdirSync(dir, { mode: 0o700 });
  return runRaces({
    supervisor,
    dir,
    seed,
    signal,
    strategies: followed,
    ...(hardened_trials === undefined ? {} : { hardened_trials }),
    onTrial: (done, of) => progress?.({ arm: 'races', attack: raceAttack, done, of }),
  });
}
