/**
 * The vault's side of a call: the agent's token ends here, and the call goes upstream with a token that the gateway
 * gets for itself (client credentials, RFC 6749 §4.4; resource, RFC 8707). The agent never holds it (norm 25).
 *
 * Whoever rotates, no request fails for it: one token serves all agents, one fetch all that wait; the held token serves
 * until the next one is there; and the client secret is read anew for each fetch, the previous one tried after it, so
 * that vault and authority may take over a new secret in either order.
 */
import { type Dispatcher, Pool } from 'undici';
import type { GatewayConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { attr, spanName } from '#contract/names.ts';
import { type ActiveSpan, formatTraceparent, type Telemetry } from '../../collectors/telemetry/index.ts';
import type { Clock } from '../clock.ts';
import type { Secrets } from '../vault/secrets.ts';
import type { Call, Control } from './control.ts';

type CredentialsConfig = NonNullable<GatewayConfig['controls']['credentials']>;

/** Of a token's lifetime: after this share a new one is fetched while the old one still serves. */
const renewAfter = 0.8;
/**
 * A token that ends within this time is not sent. Authorities date tokens in whole seconds, so one can end up to a second
 * before its `expires_in`; of a very short life not more than a quarter is given away.
 */
const margin_ms = (life_ms: number): number => Math.min(1_000, life_ms / 4);
const fetchTimeout_ms = 5_000;
/** After a failed fetch ahead of expiry, the next one waits this long: the old token still serves. */
const retryAfter_ms = 250;

interface HeldToken {
  readonly token: string;
  readonly renew_ms: number;
  readonly expires_ms: number;
}

export interface CredentialsOptions {
  clock: Clock;
  telemetry: Telemetry;
  secrets: Secrets;
}

export class Credentials implements Control {
  readonly name = 'credentials';
  readonly readsArguments = false;
  readonly #config: CredentialsConfig;
  readonly #options: CredentialsOptions;
  readonly #clock: Clock;
  readonly #authority: Pool;
  readonly #path: string;
  readonly #body: string;
  #held: HeldToken | undefined;
  #fetching: Promise<HeldToken> | undefined;
  #notBefore_ms = Number.NEGATIVE_INFINITY;

  constructor(config: CredentialsConfig, options: CredentialsOptions) {
    this.#config = config;
    this.#options = options;
    this.#clock = options.clock;
    const endpoint = new URL(config.token_endpoint);
    this.#authority = new Pool(endpoint.origin, { connections: 1, connect: { timeout: fetchTimeout_ms } });
    this.#path = endpoint.pathname + endpoint.search;
    this.#body = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: config.scopes.join(' '),
      resource: config.resource,
    }).toString();
  }

  /** Sets the call's upstream token. @throws where none can be had. */
  decide(call: Call): undefined | Promise<undefined> {
    const held = this.#held;
    const now_ms = this.#clock.monotonic_ms();
    if (held !== undefined && now_ms < held.expires_ms) {
      if (now_ms >= held.renew_ms && now_ms >= this.#notBefore_ms) this.#fetchAhead();
      call.upstream_token = held.token;
      return undefined;
    }
    return this.#waitFor(call);
  }

  /**
   * Replaces the call's token, which the upstream refused: by the one that someone else got since, or a new one.
   * @throws where none can be had.
   */
  async mend(call: Call): Promise<void> {
    if (this.#held?.token === call.upstream_token) this.#held = undefined;
    if (this.#held) call.upstream_token = this.#held.token;
    else await this.#waitFor(call);
  }

  /** Fetches another token; the one held serves until it is there, and on, should there be none. */
  async renew(): Promise<void> {
    // A fetch under way was asked for under the old terms.
    await this.#fetching?.catch(() => undefined);
    await this.#fetch();
  }

  close(): Promise<void> {
    return this.#authority.destroy();
  }

  /**
   * One that waits for a token shows so in its trace, by a client span of its own: the time is the authority's and not
   * this gateway's. A fetch that nobody waits for (ahead of expiry, or on order) belongs to no request and has no span.
   */
  async #waitFor(call: Call): Promise<undefined> {
    const { telemetry } = this.#options;
    const span = call.trace && telemetry.child(call.trace, spanName.refresh, 'client');
    call.waiting = span;
    span?.set(attr.method, 'POST');
    if (this.#fetching) span?.set(attr.sharedFetch, '1');
    try {
      const { token } = await this.#fetch(span);
      call.upstream_token = token;
    } catch (error) {
      // The request may have ended since, and the span with it: its slot could be another one's by now.
      call.waiting?.fail('no_token');
      throw error;
    } finally {
      call.waiting?.end();
      call.waiting = undefined;
    }
    return undefined;
  }

  #fetchAhead(): void {
    this.#fetch().catch(() => {
      this.#notBefore_ms = this.#clock.monotonic_ms() + retryAfter_ms;
    });
  }

  /** One fetch at a time, whoever asks; whoever begins it lends it the trace context. */
  #fetch(span?: ActiveSpan): Promise<HeldToken> {
    this.#fetching ??= this.#request(span?.propagated ? formatTraceparent(span) : undefined).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #request(traceparent: string | undefined): Promise<HeldToken> {
    let status = 0;
    for (const secret of await this.#options.secrets()) {
      // The lifetime counts from before the request, so that we never take it for longer than it is.
      const asked_ms = this.#clock.monotonic_ms();
      const answer = await this.#ask(secret, traceparent);
      const token = answer.status === 200 ? tokenIn(answer.text) : undefined;
      if (token) return this.#hold(token, asked_ms);
      status = answer.status;
      // Only a secret that is not known (yet, or any more) makes it worth trying the other one.
      if (!isInvalidClient(answer.text)) break;
    }
    // The answer itself stays out of the message: it could hold a token.
    throw new WeighbridgeError('INTERNAL', `the authority gave no token (status ${status})`, {
      where: this.#config.token_endpoint,
      mend: 'check client id, secret, scopes and resource of controls.credentials',
    });
  }

  async #ask(secret: string, traceparent: string | undefined): Promise<{ status: number; text: string }> {
    // RFC 6749 §2.3.1: both are form-encoded before they are joined.
    const pair = [this.#config.client_id, secret].map(encodeURIComponent).join(':');
    const answer: Dispatcher.ResponseData = await this.#authority.request({
      method: 'POST',
      path: this.#path,
      headers: {
        authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
        ...(traceparent === undefined ? {} : { traceparent }),
      },
      body: this.#body,
      headersTimeout: fetchTimeout_ms,
      bodyTimeout: fetchTimeout_ms,
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  }

  #hold({ access_token, expires_in }: { access_token: string; expires_in: number }, asked_ms: number): HeldToken {
    const life_ms = expires_in * 1000 - margin_ms(expires_in * 1000);
    const held = { token: access_token, renew_ms: asked_ms + life_ms * renewAfter, expires_ms: asked_ms + life_ms };
    this.#held = held;
    return held;
  }
}

/** RFC 6749 §5.2: the authority does not take this secret. */
function isInvalidClient(text: string): boolean {
  try {
    return (JSON.parse(text) as { error?: unknown } | null)?.error === 'invalid_client';
  } catch {
    return false;
  }
}

/** RFC 6749 §5.1, as far as we need it; undefined where it is something else. */
function tokenIn(text: string): { access_token: string; expires_in: number } | undefined {
  try {
    const { access_token, expires_in } = JSON.parse(text) as Record<string, unknown>;
    if (typeof access_token !== 'string' || access_token === '' || typeof expires_in !== 'number') return undefined;
    return { access_token, expires_in };
  } catch {
    return undefined;
  }
}
