/**
 * A human's word before grave calls: payments above an amount need one approver, above a second amount two different
 * ones; whatever policy allows with an approval alone needs one. An approval is bound to method, URL, body, amount and
 * agent, and serves one call (norm 27). It is used up by `use`, the last step of all, so that nothing else can fail a call
 * that has taken its approval.
 */
import type { ApprovalConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { approvalHeader, type OperationClass } from '#contract/tools.ts';
import type { ApprovalStore, Wanted } from '../approvals/store.ts';
import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import type { Call, Control, Denial } from './control.ts';

export const defaultHold_ms = 30_000;
export const defaultExpires_ms = 900_000;
/** How soon an agent should ask again. */
const retryAfter_s = '5';

const unknownOperation: Denial = { code: 'unknown_operation', reason: 'unknown operation' };
const unclear: Denial = { code: 'arguments_unclear', reason: 'nothing to bind an approval to' };
const full: Denial = { code: 'approvals_full', reason: 'too many calls wait', headers: ['retry-after', retryAfter_s] };
const mismatch: Denial = { code: 'approval_mismatch', reason: 'the approval is for another call' };

export interface ApprovalOptions {
  config: ApprovalConfig;
  store: ApprovalStore;
  clock: Clock;
  /** What links begin with. */
  external_url: string;
}

/** How many humans a call needs by its class and amount; policy may demand one where it needs none. */
export function approversFor(
  { above_cents, second_above_cents, deletions }: ApprovalConfig,
  cls: OperationClass,
  amount_cents: number | undefined,
): 0 | 1 | 2 {
  if (cls === 'delete') return deletions ?? 0;
  if (cls !== 'pay' || amount_cents === undefined || amount_cents <= above_cents) return 0;
  return second_above_cents !== undefined && amount_cents > second_above_cents ? 2 : 1;
}

/** A call that is being decided on. */
interface Asking {
  readonly call: Call;
  /** Is the approval to be used up, or only to be at hand? */
  readonly using: boolean;
  /** Its agent has left, or it failed otherwise: it must not use an approval up. */
  over: boolean;
  /** Ends its waiting, where it is held. */
  end: (() => void) | undefined;
}

export class Approval implements Control {
  readonly name = 'approval';
  readonly readsArguments = true;
  readonly bindsRequest = true;
  readonly #config: ApprovalConfig;
  readonly #store: ApprovalStore;
  readonly #clock: Clock;
  readonly #external_url: string;
  readonly #asking = new Map<Call, Asking>();
  /** Uses up the approval that is at hand; a call of which one is demanded only now is asked for as any other. */
  readonly use: Control = {
    name: this.name,
    readsArguments: true,
    bindsRequest: true,
    decide: (call) => this.#decide(call, true),
  };

  constructor({ config, store, clock, external_url }: ApprovalOptions) {
    this.#config = config;
    this.#store = store;
    this.#clock = clock;
    this.#external_url = external_url;
  }

  decide(call: Call): Denial | undefined | Promise<Denial | undefined> {
    return this.#decide(call, false);
  }

  #decide(call: Call, using: boolean): Denial | undefined | Promise<Denial | undefined> {
    const { operation, amount_cents, request } = call;
    if (!operation) return unknownOperation;
    if (operation.class === 'pay' && (amount_cents === undefined || amount_cents < 0)) return unclear;
    const byAmount = approversFor(this.#config, operation.class, amount_cents);
    const approvers_needed = byAmount === 0 && call.approval_demanded === true ? 1 : byAmount;
    if (approvers_needed === 0) return undefined;
    if (!request) return unclear;
    const asking: Asking = { call, using, over: false, end: undefined };
    this.#asking.set(call, asking);
    const wanted: Wanted = {
      agent: call.agent,
      operation: operation.name,
      amount_cents: operation.class === 'pay' ? amount_cents! : null,
      approvers_needed,
      request,
    };
    return this.#ask(asking, wanted).finally(() => this.#asking.delete(call));
  }

  settle(call: Call): void {
    const asking = this.#asking.get(call);
    if (!asking) return;
    asking.over = true;
    asking.end?.();
  }

  async #ask(asking: Asking, wanted: Wanted): Promise<Denial | undefined> {
    const store = this.#store;
    const { call, using } = asking;
    const named = call.approved_by ?? call.approval_id;
    if (named !== undefined && !store.isFor(named, wanted)) return mismatch;
    const id = named ?? (await store.ask(wanted));
    if (id === undefined) return full;
    const holds = this.#config.answer === 'hold' && !using;
    if (store.stateOf(id) === 'pending' && holds && !asking.over) await this.#hold(asking, id);
    if (asking.over) return this.#denial('approval_required', 'the agent has left', id);
    switch (store.stateOf(id)) {
      case 'approved':
        call.approved_by = id;
        return !using || (await store.serve(id)) ? undefined : this.#denial('approval_used', 'used before', id);
      case 'served':
        return this.#denial('approval_used', 'used before', id);
      case 'denied':
        return this.#denial('approval_denied', 'denied by a human', id);
      case 'pending':
        return this.#pending(id);
      default:
        return this.#denial('approval_expired', 'expired', id);
    }
  }

  /** Waits for the decision, the end of the time, or the end of the call. */
  #hold(asking: Asking, id: string): Promise<void> {
    const left_ms = this.#store.expiresAt_ms(id) - this.#clock.epoch_ms();
    const wait_ms = Math.max(1, Math.min(this.#config.hold_ms ?? defaultHold_ms, left_ms));
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        unwatch();
        asking.end = undefined;
        resolve();
      };
      const timer = setTimeout(end, wait_ms).unref();
      const unwatch = this.#store.watch(id, end);
      asking.end = end;
    });
  }

  #pending(id: string): Denial {
    const code = this.#config.answer === 'accepted' ? 'approval_accepted' : 'approval_required';
    const denial = this.#denial(code, 'waits for an approver', id);
    return { ...denial, headers: [...denial.headers!, 'retry-after', retryAfter_s] };
  }

  #denial(code: AnswerCode, reason: string, id: string): Denial {
    const instance = `${this.#external_url}/approvals/${id}`;
    return { code, reason, headers: [approvalHeader, id, 'location', instance], instance };
  }
}

/** @throws WeighbridgeError CONFIG */
export function checkApprovalConfig(config: ApprovalConfig): void {
  const { above_cents, second_above_cents, deletions = 0, approvers, answer, hold_ms, expires_ms } = config;
  const refuse = (key: string, message: string, mend: string): never => {
    throw new WeighbridgeError('CONFIG', message, { where: `controls.approval.${key}`, mend });
  };
  const isAmount = (cents: number): boolean => Number.isSafeInteger(cents) && cents >= 0;
  if (!isAmount(above_cents)) refuse('above_cents', 'above_cents must be whole cents, 0 or more', 'give an integer');
  if (second_above_cents !== undefined && !(isAmount(second_above_cents) && second_above_cents >= above_cents))
    refuse('second_above_cents', 'the second amount must be whole cents, not below the first', 'give an integer');
  if (!['hold', 'accepted', 'forbidden'].includes(answer))
    refuse('answer', 'unknown way to answer', 'hold, accepted or forbidden');
  if (![0, 1, 2].includes(deletions)) refuse('deletions', 'at most two approvers can be asked for', '0, 1 or 2');
  for (const [key, time_ms] of Object.entries({ hold_ms, expires_ms })) {
    // Node's timers end at 2^31 ms.
    if (time_ms !== undefined && !(Number.isInteger(time_ms) && time_ms > 0 && time_ms < 2 ** 31))
      refuse(key, `${key} must be whole milliseconds, 1 or more`, 'give an integer');
  }
  const ids = new Set(approvers.map(({ id }) => id));
  if (ids.size !== approvers.length || ids.has('')) refuse('approvers', 'every approver needs an id', 'name each once');
  const secrets = new Set(approvers.map(({ secret }) => secret));
  if (secrets.size !== approvers.length)
    refuse('approvers', 'two approvers have the same secret', 'give each their own');
  if (approvers.some(({ secret }) => secret.length < 16))
    refuse('approvers', 'a secret is too short', 'give 16 characters or more');
  const needed = Math.max(deletions, second_above_cents === undefined ? 1 : 2);
  if (approvers.length < needed)
    refuse('approvers', `${needed} approvers are needed, and there are ${approvers.length}`, 'name more approvers');
}
