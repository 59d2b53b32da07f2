/**
 * Revocation polling: the agent asks the authority for the status of the tokens that it holds, and sends none that was
 * revoked (norm 11). It asks by the authority's status list (`status-list.ts`), which is open to all, so that it needs no
 * credentials.
 *
 * When: before a slice or a load begins, where a token's status was learnt longer ago than the interval; and when it has
 * ended, where it was longer ago than half of that, so that it seldom has to be asked for before work. Never in between:
 * what is measured there are calls. An idle agent sends nothing, and so asks nothing. What is revoked between the asking
 * and the use is found out by a 401, and then its older siblings are not sent either (`ExpiryPolicy.doubtsSiblings`).
 *
 * Fails closed: a token whose status cannot be learnt when it should be is not sent any more, and a new one is fetched in
 * its place, whose status is known by its issue. Where the authority gives none, the call ends with that failure's type
 * (`refresh_failed`, …). To go on with what is held would let whoever keeps the agent from asking keep its revoked tokens
 * in use; and an authority that answers, but for its list, costs a refresh per token and interval.
 *
 * A token that names no list has no status that could be asked for; that is said once.
 */
import { spanName } from '#contract/names.ts';
import type { Telemetry } from '../../collectors/telemetry/index.ts';
import type { AccessToken } from '../tokens/access-token.ts';
import type { StatusList } from './status-list.ts';

export interface RevocationPollOptions {
  /** Longest time since a token's status was learnt, s; 0: it is never asked for. */
  interval_s: number;
  /** The list at this address. Rejects where there is none that can be believed. */
  statusList: (uri: string) => Promise<StatusList>;
  telemetry: Telemetry;
}

/** Of the tokens that were asked for: those that are not to be sent any more. */
export interface Withdrawn {
  /** The authority says so. */
  readonly revoked: ReadonlySet<AccessToken>;
  /** Nobody can say. */
  readonly unknown: ReadonlySet<AccessToken>;
}

const none: Withdrawn = { revoked: new Set(), unknown: new Set() };

export class RevocationPoll {
  readonly #options: RevocationPollOptions;
  readonly #intervalNs: bigint;
  /** By the list's address: when it was asked for last and could be believed, monotonic ns. */
  readonly #learntNs = new Map<string, bigint>();
  #saidUnlisted = false;

  constructor(options: RevocationPollOptions) {
    this.#options = options;
    this.#intervalNs = BigInt(options.interval_s) * 1_000_000_000n;
  }

  /** Before work: asks where a status is older than the interval. */
  before(held: readonly AccessToken[]): Promise<Withdrawn> | Withdrawn {
    return this.#askWhereOlder(held, this.#intervalNs);
  }

  /** After work: asks ahead. */
  after(held: readonly AccessToken[]): Promise<Withdrawn> | Withdrawn {
    return this.#askWhereOlder(held, this.#intervalNs / 2n);
  }

  #askWhereOlder(held: readonly AccessToken[], ageNs: bigint): Promise<Withdrawn> | Withdrawn {
    if (this.#intervalNs === 0n) return none;
    const nowNs = this.#options.telemetry.now();
    const isOld = ({ status, issuedNs }: AccessToken): boolean => {
      if (!status) return false;
      const learntNs = this.#learntNs.get(status.uri) ?? issuedNs;
      return nowNs - (learntNs > issuedNs ? learntNs : issuedNs) >= ageNs;
    };
    if (held.some(({ status }) => !status)) this.#sayUnlisted();
    return held.some(isOld) ? this.#ask(held, nowNs) : none;
  }

  async #ask(held: readonly AccessToken[], nowNs: bigint): Promise<Withdrawn> {
    const { telemetry, statusList } = this.#options;
    const span = telemetry.root(spanName.revocationPoll, 'client', nowNs);
    const revoked = new Set<AccessToken>();
    const unknown = new Set<AccessToken>();
    for (const uri of new Set(held.flatMap(({ status }) => status?.uri ?? []))) {
      const listed = held.filter(({ status }) => status?.uri === uri);
      try {
        const list = await statusList(uri);
        for (const token of listed) if (!list.isValid(token.status!.idx)) revoked.add(token);
        this.#learntNs.set(uri, nowNs);
      } catch {
        // Which way it failed changes nothing: where the authority is at fault, the refresh that follows tells.
        for (const token of listed) unknown.add(token);
      }
    }
    if (unknown.size > 0) span.fail('status_unknown');
    telemetry.line(span, 'revocation poll', { held: held.length, revoked: revoked.size, unknown: unknown.size });
    span.end();
    return { revoked, unknown };
  }

  #sayUnlisted(): void {
    if (this.#saidUnlisted) return;
    this.#saidUnlisted = true;
    this.#options.telemetry.log.warn('the authority’s tokens name no status list: revocations show by refusals alone');
  }
}
