/**
 * So many calls per agent and time span; by sender's address where no agent is known. Beside that, so many per tool: by
 * all agents together, by each of them, or both. A refused call counts against the limits that it had passed.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Rate, RateLimitConfig } from '#contract/config.ts';
import type { ToolName } from '#contract/tools.ts';
import type { Call, Control, Denial } from './control.ts';

const limiter = ({ points, per_s }: Rate): RateLimiterMemory => new RateLimiterMemory({ points, duration: per_s });

/** A map and no object, so that no name finds what it should not. */
const limiters = <K extends string>(rates: Partial<Record<K, Rate>> = {}): Map<K, RateLimiterMemory> =>
  new Map((Object.entries(rates) as [K, Rate][]).map(([name, rate]) => [name, limiter(rate)]));

export class RateLimit implements Control {
  readonly name = 'rate_limit';
  readonly readsArguments = false;
  readonly #limiter: RateLimiterMemory;
  readonly #agents: Map<string, RateLimiterMemory> | undefined;
  readonly #tools: Map<ToolName, RateLimiterMemory>;
  readonly #agentTools: Map<ToolName, RateLimiterMemory>;
  readonly #byTool: boolean;

  constructor(config: RateLimitConfig) {
    this.#limiter = limiter(config);
    this.#agents = config.agents && limiters(config.agents);
    this.#tools = limiters(config.tools);
    this.#agentTools = limiters(config.agent_tools);
    this.#byTool = this.#tools.size + this.#agentTools.size > 0;
  }

  async decide(call: Call): Promise<Denial | undefined> {
    const { agent } = call;
    const sender = agent === '' ? `address ${call.peer}` : `agent ${agent}`;
    try {
      await (this.#agents?.get(agent) ?? this.#limiter).consume(sender);
      if (this.#byTool && call.operation) {
        const { tool } = call.operation;
        await this.#agentTools.get(tool)?.consume(sender);
        await this.#tools.get(tool)?.consume(tool);
      }
      return undefined;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      // RFC 9110 §10.2.3: whole seconds.
      const wait_s = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
      return { code: 'rate_limited', reason: 'rate limit', headers: ['retry-after', String(wait_s)] };
    }
  }
}
