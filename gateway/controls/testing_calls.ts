/** For the tests of controls: an authority, an upstream that keeps every byte, a directory, and calls by agents. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayConfig } from '#contract/config.ts';
import type { Gateway, GatewayOptions } from '../gateway.ts';
import {
  Authority,
  answering,
  type Behaviour,
  gatewayTo,
  get,
  Origin,
  okAnswer,
  post,
  type RawAnswer,
  send,
} from '../testing.ts';

export class House {
  readonly authority: Authority;
  readonly origin: Origin;
  readonly directory: string;
  readonly #tokens = new Map<string, string>();
  #gateways: Gateway[] = [];

  private constructor(authority: Authority, origin: Origin, directory: string) {
    this.authority = authority;
    this.origin = origin;
    this.directory = directory;
  }

  static async build(behave: Behaviour = answering(okAnswer)): Promise<House> {
    const directory = await mkdtemp(join(tmpdir(), 'gateway-controls-'));
    return new House(await Authority.start(), await Origin.start(behave), directory);
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  /** A gateway that knows its agents. */
  async gateway(
    controls: GatewayConfig['controls'],
    options: GatewayOptions & { otlp?: string; denials?: GatewayConfig['denials'] } = {},
  ): Promise<Gateway> {
    const gateway = await gatewayTo(this.origin.url, { bearer: this.authority.verifier, ...controls }, options);
    this.#gateways.push(gateway);
    return gateway;
  }

  /** The Authorization line of an agent. */
  async as(agent: string): Promise<string> {
    const scope = 'read:calendar write:calendar write:payments write:files read:search';
    // Longer than a test may move its clock.
    const exp = Math.floor(Date.now() / 1000) + 1_000_000;
    const token = this.#tokens.get(agent) ?? (await this.authority.token({ client_id: agent, scope, exp }));
    this.#tokens.set(agent, token);
    return `Authorization: Bearer ${token}`;
  }

  async pay(gateway: Gateway, amount_cents: unknown, agent = 'agent', ...lines: string[]): Promise<RawAnswer> {
    return send(gateway.url, payment(amount_cents, await this.as(agent), ...lines));
  }

  async read(gateway: Gateway, agent = 'agent', ...lines: string[]): Promise<RawAnswer> {
    return send(gateway.url, get('/calendar/events', await this.as(agent), ...lines));
  }

  async remove(gateway: Gateway, agent = 'agent', ...lines: string[]): Promise<RawAnswer> {
    const request = get('/files/f1', await this.as(agent), ...lines).replace('GET', 'DELETE');
    return send(gateway.url, request);
  }

  /** Requests that reached the upstream. */
  get arrived(): number {
    return this.origin.heads.length;
  }

  async stop(): Promise<void> {
    for (const gateway of this.#gateways) await gateway.close();
    await this.origin.stop();
    await this.authority.stop();
    await rm(this.directory, { recursive: true });
  }
}

export const payment = (amount_cents: unknown, ...lines: string[]): string =>
  post(
    '/payments/payments',
    JSON.stringify({ payee: 'acme', amount_cents }),
    'Content-Type: application/json',
    ...lines,
  );

export const denier = (answer: RawAnswer): string | undefined => answer.fields.get('weighbridge-denied-by')?.[0];
export const codeOf = (answer: RawAnswer): string => JSON.parse(answer.body).code as string;
