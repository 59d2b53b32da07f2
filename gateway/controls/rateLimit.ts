/** So many calls per agent and time span; by sender's address where no agent is known. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { GatewayConfig } from '#contract/config.ts';
import type { Call, Control, Denial } from './control.ts';

export class RateLimit implements Control {
  readonly name = 'rate_limit';
  readonly readsArguments = false;
  readonly #limiter: RateLimiterMemory;

  constructor(config: NonNullable<GatewayConfig['controls']['rate_limit']>) {
    this.#limiter = new RateLimiterMemory({ points: config.points, duration: config.per_s });
  }

  async decide(call: Call): Promise<Denial | undefined> {
    try {
      await this.#limiter.consume(call.agent === '' ? `address ${call.peer}` : `agent ${call.agent}`);
      return undefined;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      // RFC 9110 §10.2.3: whole seconds.
      const wait_s = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
      return { code: 'rate_limited', reason: 'rate limit', headers: ['retry-after', String(wait_s)] };
    }
  }
}
