/**
 * Controls on: a slot per scope set, so that no call sees a token that another one asked for; all refreshes of the grant
 * in one queue; scopes checked on receipt and before each sending; tokens replaced before they end.
 */
import type { Operation } from '#contract/tools.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { type ExpiryPolicy, type Freshness, freshnessOf } from '../security/expiry-poll.ts';
import type { Line } from '../security/refresh-queue.ts';
import type { RevocationPoll, Withdrawn } from '../security/revocation-poll.ts';
import type { TokenCheck } from '../security/scope-hash.ts';
import type { AccessToken } from './access-token.ts';
import type { Grant } from './grant.ts';
import { type ScopeSet, scopeSet } from './scope-set.ts';
import type { Refusal, Requester, TokenSource } from './source.ts';

export interface SlotPerScopeSetOptions {
  grant: Grant;
  /** Scope sets that are fetched at the start. */
  sets: readonly ScopeSet[];
  line: Line;
  check: TokenCheck;
  expiry: ExpiryPolicy;
  revocations: RevocationPoll;
  /** Monotonic ns. */
  now: () => bigint;
}

interface Held {
  readonly token: AccessToken;
  readonly freshness: Freshness;
  /** Issued before a token of the same grant was found revoked; or of a status that nobody could say. */
  doubted: boolean;
  /** Sent since it was received: an idle slot is not kept fresh. */
  used: boolean;
}

interface Slot {
  readonly asked: ScopeSet;
  /** What another process of the run may hold, and is of no use here any more. */
  readonly outdated: { untilNs: bigint; last: AccessToken | undefined };
  held: Held | undefined;
  pending: Promise<AccessToken> | undefined;
  timer: NodeJS.Timeout | undefined;
}

const ahead: Requester = { plugin: 'agent' };

export class SlotPerScopeSet implements TokenSource {
  readonly #options: SlotPerScopeSetOptions;
  readonly #slots = new Map<ScopeSet, Slot>();
  /** Slices under way. */
  #slices = 0;
  /** Statuses are being asked for. */
  #asking: Promise<void> | undefined;

  constructor(options: SlotPerScopeSetOptions) {
    this.#options = options;
  }

  asked(_plugin: Plugin, operation: Operation): ScopeSet {
    return scopeSet([operation.scope]);
  }

  acquire(asked: ScopeSet, by: Requester): AccessToken | Promise<AccessToken> {
    const slot = this.#slotOf(asked);
    const { held } = slot;
    if (!held || held.doubted) return this.#refresh(slot, by);
    const { expiry, now, check } = this.#options;
    const state = expiry.stateOf(held.freshness, now());
    if (state === 'unusable') return this.#refresh(slot, by);
    check(held.token, asked);
    held.used = true;
    if (state === 'ageing') this.#refreshAhead(slot);
    return held.token;
  }

  mends({ status }: Refusal): boolean {
    return status === 401;
  }

  async renew({ token, cause, sentNs }: Refusal, asked: ScopeSet, by: Requester): Promise<AccessToken> {
    const slot = this.#slotOf(asked);
    if (this.#options.expiry.doubtsSiblings && (cause === 'revoked' || cause === 'unknown')) this.#doubtBefore(sentNs);
    if (slot.held?.token === token) slot.held = undefined;
    return this.acquire(asked, by);
  }

  discard({ token }: Refusal): void {
    for (const slot of this.#slots.values()) if (slot.held?.token === token) slot.held = undefined;
  }

  /** Forgets every access token: their grant has ended. */
  wipe(): void {
    for (const slot of this.#slots.values()) this.#drop(slot);
  }

  async restart(): Promise<void> {
    await this.#settled();
    this.wipe();
    for (const asked of this.#options.sets) await this.#refresh(this.#slotOf(asked), ahead);
  }

  async begin(): Promise<void> {
    if (this.#slices++ === 0) this.#ask('before');
    await this.#asking;
    for (const slot of this.#slots.values()) this.#arm(slot);
  }

  async quiesce(): Promise<void> {
    const wasRunning = this.#slices > 0;
    if (wasRunning) this.#slices--;
    if (this.#slices === 0) for (const slot of this.#slots.values()) clearTimeout(slot.timer);
    await this.#settled();
    if (wasRunning && this.#slices === 0) this.#ask('after');
    await this.#asking;
  }

  /** Whoever comes meanwhile waits for the same answer. */
  #ask(when: 'before' | 'after'): void {
    this.#asking ??= this.#withdraw(when).finally(() => {
      this.#asking = undefined;
    });
  }

  /** What the authority has revoked, or says nothing of, is not sent again; nor is what another process kept of it. */
  async #withdraw(when: 'before' | 'after'): Promise<void> {
    const { revocations, now } = this.#options;
    const slots = [...this.#slots.values()].filter(({ held }) => held && !held.doubted);
    const { revoked, unknown }: Withdrawn = await revocations[when](slots.map(({ held }) => held!.token));
    for (const slot of slots) {
      if (!slot.held || !(revoked.has(slot.held.token) || unknown.has(slot.held.token))) continue;
      slot.held.doubted = true;
      slot.outdated.untilNs = now();
    }
  }

  #slotOf(asked: ScopeSet): Slot {
    let slot = this.#slots.get(asked);
    if (!slot) {
      slot = {
        asked,
        outdated: { untilNs: 0n, last: undefined },
        held: undefined,
        pending: undefined,
        timer: undefined,
      };
      this.#slots.set(asked, slot);
    }
    return slot;
  }

  /** Whoever wants the same scopes waits for the same refresh. */
  #refresh(slot: Slot, by: Requester): Promise<AccessToken> {
    slot.pending ??= this.#fetch(slot, by);
    return slot.pending;
  }

  async #fetch(slot: Slot, by: Requester): Promise<AccessToken> {
    const { line, grant, check } = this.#options;
    try {
      const token = await line(() => grant.redeem(slot.asked, by, slot.outdated));
      slot.outdated.last = token;
      check(token, slot.asked);
      slot.held = { token, freshness: freshnessOf(token), doubted: false, used: by.call !== undefined };
      this.#arm(slot);
      return token;
    } finally {
      slot.pending = undefined;
    }
  }

  /** Nobody waits for it. Where it fails, the token serves until it ends; then a call refreshes it, or fails closed. */
  #refreshAhead(slot: Slot): void {
    if (!slot.pending) this.#refresh(slot, ahead).catch(() => undefined);
  }

  #arm(slot: Slot): void {
    clearTimeout(slot.timer);
    if (this.#slices === 0 || !slot.held) return;
    const { expiry, now } = this.#options;
    const delay_ms = expiry.refreshIn_ms(slot.held.freshness, now());
    if (delay_ms === null) return;
    slot.timer = setTimeout(() => {
      if (slot.held?.used) this.#refreshAhead(slot);
    }, delay_ms);
    slot.timer.unref();
  }

  /** A token that was issued before the refused one was sent may share its fate. */
  #doubtBefore(sentNs: bigint): void {
    for (const slot of this.#slots.values()) {
      if (slot.held && slot.held.token.issuedNs < sentNs) slot.held.doubted = true;
      if (slot.outdated.untilNs < sentNs) slot.outdated.untilNs = sentNs;
    }
  }

  #drop(slot: Slot): void {
    clearTimeout(slot.timer);
    slot.held = undefined;
  }

  async #settled(): Promise<void> {
    await Promise.allSettled([...this.#slots.values()].map((slot) => slot.pending));
  }
}
