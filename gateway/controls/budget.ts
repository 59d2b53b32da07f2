/**
 * Budgets in whole cents, of each agent and of all agents together, per window; and what calls have cost, by agent and
 * task. A call's cost is reserved before anything else happens to it, in one turn of the event loop, so that parallel
 * calls cannot overrun the budget; it is given back where the upstream did not carry the call out.
 */
import { z } from 'zod';
import type { BudgetConfig } from '#contract/config.ts';
import type { CostReport, TaskCost } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { type Operation, operationByName } from '#contract/tools.ts';
import type { Clock } from '../clock.ts';
import { Journal } from '../journal.ts';
import type { Call, Control, Denial, Settlement } from './control.ts';

const day_ms = 86_400_000;
/** Tasks are the agents' own words: beyond so many, costs go to one row per agent. */
const maxTasks = 10_000;
const furtherTasks = '(further tasks)';

/** Spent, or given back where negative, in a window: a day since 1970, or 0 for a lifetime. */
const recordSchema = z.strictObject({ window: z.int(), agent: z.string(), cents: z.int() });
type SpendingRecord = z.infer<typeof recordSchema>;

interface Reservation {
  readonly agent: string;
  readonly task: string;
  readonly window: number;
  readonly cents: number;
  /** Does the file hold it? */
  readonly written: Promise<boolean>;
}

const unknownOperation: Denial = { code: 'unknown_operation', reason: 'unknown operation' };
const unclear: Denial = { code: 'arguments_unclear', reason: 'no amount to be read' };

export class Budget implements Control {
  readonly name = 'budget';
  readonly readsArguments = true;
  readonly #config: BudgetConfig;
  readonly #clock: Clock;
  readonly #limits: Map<string, number>;
  readonly #costs: Map<string, number>;
  readonly #journal: Journal<SpendingRecord> | undefined;
  readonly #reservations = new Map<Call, Reservation>();
  readonly #tasks = new Map<string, TaskCost>();
  readonly #spent = new Map<string, number>();
  #spentByAll = 0;
  #window = 0;

  private constructor(config: BudgetConfig, clock: Clock, journal: Journal<SpendingRecord> | undefined) {
    this.#config = config;
    this.#clock = clock;
    this.#journal = journal;
    this.#limits = new Map(Object.entries(config.agents ?? {}));
    this.#costs = new Map(Object.entries(config.costs_cents ?? {}));
  }

  /** @throws WeighbridgeError CONFIG (amounts, operations, file), INTEGRITY (what the file holds) */
  static async open(config: BudgetConfig, clock: Clock): Promise<Budget> {
    check(config);
    const opened =
      config.file === undefined
        ? undefined
        : await Journal.open(config.file, recordSchema, (records) => fold(records, config.window));
    const budget = new Budget(config, clock, opened?.journal);
    for (const record of opened?.records ?? []) {
      budget.#window = Math.max(budget.#window, record.window);
      budget.#add(record.agent, record.cents);
    }
    return budget;
  }

  decide(call: Call): Denial | undefined | Promise<undefined> {
    const { operation, agent } = call;
    if (!operation) return unknownOperation;
    const cents = this.#costOf(operation, call.amount_cents);
    if (cents === undefined) return unclear;
    this.#turnWindow();
    const exhausted = this.#exhaustedBy(agent, cents);
    if (exhausted !== undefined) {
      this.#task(agent, call.task).refused_calls++;
      return { code: 'budget_exceeded', reason: `budget of ${exhausted}` };
    }
    this.#add(agent, cents);
    const window = this.#window;
    const journal = cents > 0 ? this.#journal : undefined;
    const appended = journal?.append({ window, agent, cents });
    const written = appended?.then(
      () => true,
      () => false,
    );
    this.#reservations.set(call, {
      agent,
      task: call.task ?? '',
      window,
      cents,
      written: written ?? Promise.resolve(false),
    });
    // Where it cannot be written the call is refused, and settled as not sent.
    return appended?.then(() => undefined);
  }

  settle(call: Call, settlement: Settlement): void {
    const reservation = this.#reservations.get(call);
    if (!reservation) return;
    this.#reservations.delete(call);
    const { agent, task, cents } = reservation;
    if (settlement === 'not_sent' || settlement === 'failed') {
      this.#giveBack(reservation);
      return;
    }
    const row = this.#task(agent, task);
    if (settlement === 'done') {
      row.calls++;
      row.spent_cents += cents;
    } else {
      row.unknown_calls++;
      row.unknown_cents += cents;
    }
  }

  report(): CostReport {
    this.#turnWindow();
    const { window, all_agents_cents } = this.#config;
    return {
      window,
      all: { spent_cents: this.#spentByAll, limit_cents: all_agents_cents ?? null },
      agents: [...this.#spent].map(([agent, spent_cents]) => ({
        agent,
        spent_cents,
        limit_cents: this.#limitOf(agent) ?? null,
      })),
      tasks: [...this.#tasks.values()].map((row) => ({ ...row })),
    };
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }

  #costOf({ name, class: cls }: Operation, amount_cents: number | undefined): number | undefined {
    const cost = this.#costs.get(name) ?? 0;
    if (cls !== 'pay') return cost;
    // A negative amount would fill the budget up.
    return amount_cents === undefined || amount_cents < 0 ? undefined : cost + amount_cents;
  }

  #limitOf(agent: string): number | undefined {
    return this.#limits.get(agent) ?? this.#config.agent_cents;
  }

  /** Whose budget does not cover it? */
  #exhaustedBy(agent: string, cents: number): string | undefined {
    if (cents === 0) return undefined;
    const own = this.#limitOf(agent);
    if (own !== undefined && cents > own - (this.#spent.get(agent) ?? 0)) return 'the agent';
    const all = this.#config.all_agents_cents;
    if (all !== undefined && cents > all - this.#spentByAll) return 'all agents';
    // Sums stay exact, limits or not.
    return Number.isSafeInteger(this.#spentByAll + cents) ? undefined : 'what can be counted';
  }

  #add(agent: string, cents: number): void {
    this.#spent.set(agent, (this.#spent.get(agent) ?? 0) + cents);
    this.#spentByAll += cents;
  }

  #giveBack({ agent, window, cents, written }: Reservation): void {
    if (cents === 0) return;
    this.#turnWindow();
    if (window === this.#window) this.#add(agent, -cents);
    // Only what the file holds can be taken from it: otherwise a restart would find more than there is. Where this write
    // fails, it finds less.
    written
      .then((held) => (held ? this.#journal?.append({ window, agent, cents: -cents }) : undefined))
      .catch(() => undefined);
  }

  /** Begins a new window when it is time. A clock that is set back never brings an old window back. */
  #turnWindow(): void {
    if (this.#config.window === 'lifetime') return;
    const today = Math.floor(this.#clock.epoch_ms() / day_ms);
    if (today <= this.#window) return;
    this.#window = today;
    this.#spent.clear();
    this.#spentByAll = 0;
  }

  #task(agent: string, task = ''): TaskCost {
    const known = this.#tasks.get(keyOf(agent, task));
    if (known) return known;
    const name = this.#tasks.size < maxTasks ? task : furtherTasks;
    const row = this.#tasks.get(keyOf(agent, name)) ?? {
      agent,
      task: name,
      calls: 0,
      spent_cents: 0,
      unknown_calls: 0,
      unknown_cents: 0,
      refused_calls: 0,
    };
    this.#tasks.set(keyOf(agent, name), row);
    return row;
  }
}

/** A task holds no blank, so no two pairs share a key. */
const keyOf = (agent: string, task: string): string => `${task} ${agent}`;

/** One record per agent, of the latest window. */
function fold(records: SpendingRecord[], kind: BudgetConfig['window']): SpendingRecord[] {
  const window = kind === 'lifetime' ? 0 : Math.max(0, ...new Set(records.map((record) => record.window)));
  const cents = new Map<string, number>();
  for (const record of records) {
    if (kind === 'lifetime' || record.window === window)
      cents.set(record.agent, (cents.get(record.agent) ?? 0) + record.cents);
  }
  return [...cents].map(([agent, sum]) => ({ window, agent, cents: sum }));
}

function check({ agent_cents, agents, all_agents_cents, costs_cents, window }: BudgetConfig): void {
  const refuse = (message: string, key: string, mend: string): never => {
    throw new WeighbridgeError('CONFIG', message, { where: `controls.budget.${key}`, mend });
  };
  if (window !== 'day' && window !== 'lifetime') refuse('unknown window', 'window', 'day or lifetime');
  const amounts: [string, number | undefined][] = [
    ['agent_cents', agent_cents],
    ['all_agents_cents', all_agents_cents],
    ...Object.entries(agents ?? {}).map(([id, cents]): [string, number] => [`agents.${id}`, cents]),
    ...Object.entries(costs_cents ?? {}).map(([name, cents]): [string, number] => [`costs_cents.${name}`, cents]),
  ];
  for (const [key, cents] of amounts) {
    if (cents !== undefined && (!Number.isSafeInteger(cents) || cents < 0))
      refuse(`${key} must be whole cents, 0 or more`, key, 'give an integer');
  }
  for (const name of Object.keys(costs_cents ?? {})) {
    if (!operationByName.has(name))
      refuse(`there is no operation ${name}`, `costs_cents.${name}`, 'name an operation of the catalogue');
  }
}
