/**
 * The vault's side of a call: the agent's token ends here, and the call goes upstream with a token that the gateway
 * gets for itself (client credentials, RFC 6749 §4.4; resource, RFC 8707). The agent never holds it (norm 25).
 */
import { type Dispatcher, Pool } from 'undici';
import type { GatewayConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Clock } from '../clock.ts';
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

export class Credentials implements Control {
  readonly name = 'credentials';
  readonly readsArguments = false;
  readonly #config: CredentialsConfig;
  readonly #clock: Clock;
  readonly #authority: Pool;
  readonly #path: string;
  readonly #body: string;
  readonly #authorization: string;
  #held: HeldToken | undefined;
  #fetching: Promise<HeldToken> | undefined;
  #notBefore_ms = Number.NEGATIVE_INFINITY;

  constructor(config: CredentialsConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    const endpoint = new URL(config.token_endpoint);
    this.#authority = new Pool(endpoint.origin, { connections: 1, connect: { timeout: fetchTimeout_ms } });
    this.#path = endpoint.pathname + endpoint.search;
    this.#body = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: config.scopes.join(' '),
      resource: config.resource,
    }).toString();
    // RFC 6749 §2.3.1: both are form-encoded before they are joined.
    const pair = [config.client_id, config.client_secret].map(encodeURIComponent).join(':');
    this.#authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
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
    return this.#fetch().then((fetched) => {
      call.upstream_token = fetched.token;
      return undefined;
    });
  }

  /**
   * A token other than the given one, which the upstream refused: the one that someone else got since, or a new one.
   * @throws where none can be had.
   */
  async renewed(refused: string): Promise<string> {
    if (this.#held?.token === refused) this.#held = undefined;
    return (this.#held ?? (await this.#fetch())).token;
  }

  /** Drops the token and fetches another. */
  async renew(): Promise<void> {
    // A fetch under way was asked for under the old terms.
    await this.#fetching?.catch(() => undefined);
    this.#held = undefined;
    await this.#fetch();
  }

  close(): Promise<void> {
    return this.#authority.destroy();
  }

  #fetchAhead(): void {
    this.#fetch().catch(() => {
      this.#notBefore_ms = this.#clock.monotonic_ms() + retryAfter_ms;
    });
  }

  /** One fetch at a time, whoever asks. */
  #fetch(): Promise<HeldToken> {
    this.#fetching ??= this.#request().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #request(): Promise<HeldToken> {
    // The lifetime counts from before the request, so that we never take it for longer than it is.
    const asked_ms = this.#clock.monotonic_ms();
    const answer = await this.#authority.request({
      method: 'POST',
      path: this.#path,
      headers: { authorization: this.#authorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: this.#body,
      headersTimeout: fetchTimeout_ms,
      bodyTimeout: fetchTimeout_ms,
    });
    const { access_token, expires_in } = await this.#read(answer);
    const life_ms = expires_in * 1000 - margin_ms(expires_in * 1000);
    const held = { token: access_token, renew_ms: asked_ms + life_ms * renewAfter, expires_ms: asked_ms + life_ms };
    this.#held = held;
    return held;
  }

  async #read(answer: Dispatcher.ResponseData): Promise<{ access_token: string; expires_in: number }> {
    const text = await answer.body.text();
    const token = answer.statusCode === 200 ? tokenIn(text) : undefined;
    if (token) return token;
    // The answer itself stays out of the message: it could hold a token.
    throw new WeighbridgeError('INTERNAL', `the authority gave no token (status ${answer.statusCode})`, {
      where: this.#config.token_endpoint,
      mend: 'check client id, secret, scopes and resource of controls.credentials',
    });
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
