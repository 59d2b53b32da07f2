/**
 * Approvals and what becomes of them: pending → approved → served, or denied, or expired. Every change is durable before
 * it counts, so a restart neither forgets a decision nor lets an approval serve twice. The arguments themselves are shown
 * to the approver, and never written: the file holds their digest.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { BoundRequest } from '../controls/control.ts';
import { Journal } from '../journal.ts';

/** Of one agent; a human can look at no more, and the store stays small. */
const maxPending = 100;

const askedSchema = z.strictObject({
  kind: z.literal('asked'),
  id: z.string(),
  agent: z.string(),
  operation: z.string(),
  method: z.string(),
  url: z.string(),
  body_sha256: z.string(),
  /** null where the call is no payment. */
  amount_cents: z.int().nullable(),
  approvers_needed: z.union([z.literal(1), z.literal(2)]),
  asked_ms: z.int(),
  expires_ms: z.int(),
});
const recordSchema = z.discriminatedUnion('kind', [
  askedSchema,
  z.strictObject({ kind: z.enum(['approved', 'denied']), id: z.string(), by: z.string(), at_ms: z.int() }),
  z.strictObject({ kind: z.literal('served'), id: z.string(), at_ms: z.int() }),
]);
type ApprovalRecord = z.infer<typeof recordSchema>;
type Asked = z.infer<typeof askedSchema>;

export type ApprovalState = 'pending' | 'approved' | 'denied' | 'expired' | 'served';

/** What an approval is for: the call that it serves must be the same in all of this (norm 27). */
export interface Wanted {
  agent: string;
  operation: string;
  amount_cents: number | null;
  approvers_needed: 1 | 2;
  request: BoundRequest;
}

/** As the approver sees it. */
export interface ApprovalView extends Omit<Asked, 'kind'> {
  state: ApprovalState;
  approved_by: string[];
  denied_by: string | null;
  /** The whole body; null after a restart, until the agent repeats its call: until then it can be denied, not approved. */
  arguments: string | null;
}

export type Verdict = 'approved' | 'denied';
/** Why a decision is not taken. */
export type Objection = 'unknown' | 'not_pending' | 'own_request' | 'second_approver' | 'arguments_not_shown';

interface Entry {
  readonly asked: Asked;
  readonly key: string;
  shown: string | null;
  /** Resolves once it is in the file. */
  readonly written: Promise<void>;
  readonly approvedBy: string[];
  deniedBy: string | null;
  served: boolean;
}

export interface StoreOptions {
  file: string;
  expires_ms: number;
  clock: Clock;
  /** Decisions of others are forgotten when the file is read: an approver who was struck off decides nothing. */
  approvers: ReadonlySet<string>;
}

export class ApprovalStore {
  readonly #journal: Journal<ApprovalRecord>;
  readonly #clock: Clock;
  readonly #expires_ms: number;
  readonly #entries = new Map<string, Entry>();
  /** The latest entry for a call that has served none. */
  readonly #byKey = new Map<string, Entry>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #decisions: Promise<unknown> = Promise.resolve();

  private constructor(journal: Journal<ApprovalRecord>, records: ApprovalRecord[], options: StoreOptions) {
    this.#journal = journal;
    this.#clock = options.clock;
    this.#expires_ms = options.expires_ms;
    for (const record of records) this.#replay(record, options.approvers);
  }

  /** @throws WeighbridgeError CONFIG (file), INTEGRITY (what it holds) */
  static async open(options: StoreOptions): Promise<ApprovalStore> {
    const now_ms = options.clock.epoch_ms();
    const { journal, records } = await Journal.open(options.file, recordSchema, (all) => unexpired(all, now_ms));
    return new ApprovalStore(journal, records, options);
  }

  /**
   * The approval for a call: the one that is there already, or a new one, pending. undefined where too many of the
   * agent's calls wait. @throws WeighbridgeError STORE
   */
  async ask(wanted: Wanted): Promise<string | undefined> {
    this.#forgetExpired();
    const key = keyOf(wanted);
    let entry = this.#byKey.get(key);
    if (!entry) {
      if (this.#pendingOf(wanted.agent) >= maxPending) return undefined;
      entry = this.#begin(wanted, key);
    }
    entry.shown ??= wanted.request.shown;
    await entry.written;
    return entry.asked.id;
  }

  /** Is this approval for that very call? Then approvers can be shown its arguments again, if a restart took them. */
  isFor(id: string, wanted: Wanted): boolean {
    const entry = this.#entries.get(id);
    if (entry?.key !== keyOf(wanted)) return false;
    entry.shown ??= wanted.request.shown;
    return true;
  }

  /** undefined where there is none, or it was forgotten after it had expired. */
  stateOf(id: string): ApprovalState | undefined {
    const entry = this.#entries.get(id);
    return entry && this.#stateOf(entry);
  }

  expiresAt_ms(id: string): number {
    return this.#entries.get(id)?.asked.expires_ms ?? 0;
  }

  /** Takes the approval for one call. False where it is not to be had (any more). @throws WeighbridgeError STORE */
  async serve(id: string): Promise<boolean> {
    const entry = this.#entries.get(id);
    if (!entry || this.#stateOf(entry) !== 'approved') return false;
    // Taken in this turn of the event loop: of calls in parallel one gets it.
    entry.served = true;
    try {
      await this.#journal.append({ kind: 'served', id, at_ms: this.#clock.epoch_ms() });
    } catch (error) {
      entry.served = false;
      throw error;
    }
    if (this.#byKey.get(entry.key) === entry) this.#byKey.delete(entry.key);
    return true;
  }

  /** A human's word. One after the other, so that none is weighed against a state that is about to change. */
  decide(id: string, by: string, verdict: Verdict): Promise<Objection | undefined> {
    const decision = this.#decisions.then(() => this.#decide(id, by, verdict));
    this.#decisions = decision.catch(() => undefined);
    return decision;
  }

  view(id: string): ApprovalView | undefined {
    const entry = this.#entries.get(id);
    return entry && this.#view(entry);
  }

  /** The oldest first. */
  list(): ApprovalView[] {
    this.#forgetExpired();
    return [...this.#entries.values()].map((entry) => this.#view(entry));
  }

  /** Calls `onDecided` once the approval is approved or denied; returns what ends the watching. */
  watch(id: string, onDecided: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(onDecided));
    return () => {
      watchers.delete(onDecided);
      if (watchers.size === 0) this.#watchers.delete(id);
    };
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  #begin(wanted: Wanted, key: string): Entry {
    const { agent, operation, amount_cents, approvers_needed, request } = wanted;
    const { method, url, body_sha256, shown } = request;
    const asked_ms = this.#clock.epoch_ms();
    const asked: Asked = {
      kind: 'asked',
      id: randomBytes(16).toString('hex'),
      agent,
      operation,
      method,
      url,
      body_sha256,
      amount_cents,
      approvers_needed,
      asked_ms,
      expires_ms: asked_ms + this.#expires_ms,
    };
    const written = this.#journal.append(asked).catch((error: unknown) => {
      this.#forget(entry);
      throw error;
    });
    const entry: Entry = { asked, key, shown, written, approvedBy: [], deniedBy: null, served: false };
    this.#entries.set(asked.id, entry);
    this.#byKey.set(key, entry);
    return entry;
  }

  async #decide(id: string, by: string, verdict: Verdict): Promise<Objection | undefined> {
    const entry = this.#entries.get(id);
    if (!entry) return 'unknown';
    await entry.written;
    if (by === entry.asked.agent) return 'own_request';
    if (this.#stateOf(entry) !== 'pending') return 'not_pending';
    if (verdict === 'approved' && entry.approvedBy.includes(by)) return 'second_approver';
    // A restart took them, and nobody approves blind.
    if (verdict === 'approved' && entry.shown === null) return 'arguments_not_shown';
    await this.#journal.append({ kind: verdict, id, by, at_ms: this.#clock.epoch_ms() });
    if (verdict === 'approved') entry.approvedBy.push(by);
    else entry.deniedBy = by;
    if (this.#stateOf(entry) !== 'pending') for (const notify of this.#watchers.get(id) ?? []) notify();
    return undefined;
  }

  #stateOf({ asked, approvedBy, deniedBy, served }: Entry): ApprovalState {
    if (served) return 'served';
    if (deniedBy !== null) return 'denied';
    if (this.#clock.epoch_ms() >= asked.expires_ms) return 'expired';
    return approvedBy.length >= asked.approvers_needed ? 'approved' : 'pending';
  }

  #view(entry: Entry): ApprovalView {
    const { kind: _, ...asked } = entry.asked;
    const { approvedBy, deniedBy, shown } = entry;
    return {
      ...asked,
      state: this.#stateOf(entry),
      approved_by: [...approvedBy],
      denied_by: deniedBy,
      arguments: shown,
    };
  }

  #pendingOf(agent: string): number {
    let pending = 0;
    for (const entry of this.#entries.values())
      if (entry.asked.agent === agent && this.#stateOf(entry) === 'pending') pending++;
    return pending;
  }

  /** Used ones, too, are remembered until then. */
  #forgetExpired(): void {
    const now_ms = this.#clock.epoch_ms();
    for (const entry of this.#entries.values()) if (now_ms >= entry.asked.expires_ms) this.#forget(entry);
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry.asked.id);
    if (this.#byKey.get(entry.key) === entry) this.#byKey.delete(entry.key);
  }

  #replay(record: ApprovalRecord, approvers: ReadonlySet<string>): void {
    if (record.kind === 'asked') {
      const key = keyOf({ ...record, request: { ...record, shown: '' } });
      const written = Promise.resolve();
      const entry: Entry = {
        asked: record,
        key,
        shown: null,
        written,
        approvedBy: [],
        deniedBy: null,
        served: false,
      };
      this.#entries.set(record.id, entry);
      this.#byKey.set(key, entry);
      return;
    }
    const entry = this.#entries.get(record.id);
    if (!entry) return;
    if (record.kind === 'served') {
      entry.served = true;
      if (this.#byKey.get(entry.key) === entry) this.#byKey.delete(entry.key);
    } else if (record.kind === 'denied') entry.deniedBy = record.by;
    else if (approvers.has(record.by)) entry.approvedBy.push(record.by);
  }
}

const keyOf = ({ agent, amount_cents, approvers_needed, request: { method, url, body_sha256 } }: Wanted): string =>
  JSON.stringify([method, url, body_sha256, amount_cents, agent, approvers_needed]);

/** Without those that can never serve again: past their time. */
function unexpired(records: ApprovalRecord[], now_ms: number): ApprovalRecord[] {
  const kept = new Set<string>();
  for (const record of records) if (record.kind === 'asked' && record.expires_ms > now_ms) kept.add(record.id);
  return records.filter(({ id }) => kept.has(id));
}
