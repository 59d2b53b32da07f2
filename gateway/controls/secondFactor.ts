/**
 * A second factor for grave calls: one-time codes by RFC 6238 with its defaults (SHA-1, 6 digits, steps of 30 s since
 * 1970). A code is accepted one step early or late (§5.2) and once: after it, neither it nor an older one is (norm 27),
 * a restart notwithstanding. It is looked at when the call comes, and used by `use`, once nothing but the approval's own
 * use can refuse the call any more: whoever waits for a human keeps the code for the call that passes. Wrong codes are
 * throttled (RFC 4226 §7.3).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { z } from 'zod';
import type { SecondFactorConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Clock } from '../clock.ts';
import { Journal } from '../journal.ts';
import type { Call, Control, Denial } from './control.ts';

const step_s = 30;
const digits = 6;
/** A guess is right with 3 in a million: ten of them in five minutes, and then no more. */
const maxWrong = { points: 10, duration: 300 };
/** RFC 4226 §4, R6. */
const minSecret_bytes = 16;

const recordSchema = z.strictObject({ agent: z.string(), step: z.int() });
type UseRecord = z.infer<typeof recordSchema>;

const required: Denial = { code: 'second_factor_required', reason: 'no one-time code' };
const refused: Denial = { code: 'second_factor_refused', reason: 'wrong one-time code' };
const used: Denial = { code: 'second_factor_refused', reason: 'one-time code used before' };
const noSecret: Denial = { code: 'second_factor_required', reason: 'the agent has no second factor' };

export class SecondFactor implements Control {
  readonly name = 'second_factor';
  readonly readsArguments = true;
  readonly #config: SecondFactorConfig;
  readonly #clock: Clock;
  readonly #secrets: ReadonlyMap<string, Buffer>;
  readonly #journal: Journal<UseRecord>;
  /** Step of the latest code that was accepted, by agent. */
  readonly #latest: Map<string, number>;
  readonly #tries = new RateLimiterMemory(maxWrong);
  /** Uses the code up that the call's passage rests on; of calls in parallel with one code, the first has it. */
  readonly use: Control = {
    name: this.name,
    readsArguments: true,
    decide: (call) => (call.code_step === undefined ? undefined : this.#use(call.agent, call.code_step)),
  };

  private constructor(
    config: SecondFactorConfig,
    clock: Clock,
    opened: { journal: Journal<UseRecord>; records: UseRecord[] },
  ) {
    this.#config = config;
    this.#clock = clock;
    this.#secrets = new Map(Object.entries(config.secrets).map(([agent, text]) => [agent, secretOf(agent, text)]));
    this.#journal = opened.journal;
    this.#latest = new Map(opened.records.map(({ agent, step }) => [agent, step]));
  }

  /** @throws WeighbridgeError CONFIG (secrets, amount, file), INTEGRITY (what the file holds) */
  static async open(config: SecondFactorConfig, clock: Clock): Promise<SecondFactor> {
    const { pay_above_cents } = config;
    if (pay_above_cents !== undefined && (!Number.isSafeInteger(pay_above_cents) || pay_above_cents < 0)) {
      throw new WeighbridgeError('CONFIG', 'pay_above_cents must be whole cents, 0 or more', {
        where: 'controls.second_factor.pay_above_cents',
        mend: 'give an integer',
      });
    }
    for (const [agent, text] of Object.entries(config.secrets)) secretOf(agent, text);
    return new SecondFactor(config, clock, await Journal.open(config.file, recordSchema, latestUses));
  }

  decide(call: Call): Denial | undefined | Promise<Denial | undefined> {
    const { operation, amount_cents } = call;
    if (!operation) return { code: 'unknown_operation', reason: 'unknown operation' };
    if (operation.class === 'delete') return this.#config.deletions === true ? this.#demand(call) : undefined;
    const { pay_above_cents } = this.#config;
    if (operation.class !== 'pay' || pay_above_cents === undefined) return undefined;
    if (amount_cents === undefined || amount_cents < 0)
      return { code: 'arguments_unclear', reason: 'no amount to be read' };
    return amount_cents > pay_above_cents ? this.#demand(call) : undefined;
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  #demand(call: Call): Denial | Promise<Denial | undefined> {
    const secret = this.#secrets.get(call.agent);
    if (!secret) return noSecret;
    return call.one_time_code === undefined ? required : this.#check(call, secret, call.one_time_code);
  }

  async #check(call: Call, secret: Buffer, code: string): Promise<Denial | undefined> {
    const { agent } = call;
    try {
      // Counted before it is looked at, so that guesses in parallel count too.
      await this.#tries.consume(agent);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      return locked(refusal.msBeforeNext);
    }
    const step = this.#stepOf(secret, code);
    if (step === undefined) return refused;
    if (this.#isUsed(agent, step)) return used;
    call.code_step = step;
    await this.#tries.reward(agent);
    return undefined;
  }

  async #use(agent: string, step: number): Promise<Denial | undefined> {
    if (this.#isUsed(agent, step)) return used;
    // Used from here on, whatever becomes of the write: two calls at once cannot both have it.
    this.#latest.set(agent, step);
    await this.#journal.append({ agent, step });
    return undefined;
  }

  #isUsed(agent: string, step: number): boolean {
    return step <= (this.#latest.get(agent) ?? Number.NEGATIVE_INFINITY);
  }

  /** The latest step within reach that has this code; every step is compared, in constant time (norm 34). */
  #stepOf(secret: Buffer, code: string): number | undefined {
    const now = Math.floor(this.#clock.epoch_ms() / 1000 / step_s);
    const given = Buffer.from(code);
    let found: number | undefined;
    for (const step of [now - 1, now, now + 1]) {
      const expected = Buffer.from(oneTimeCode(secret, step, digits));
      if (expected.length === given.length && timingSafeEqual(expected, given)) found = step;
    }
    return found;
  }
}

/** HOTP of RFC 4226 §5.3, with the number of the time step for its counter (RFC 6238 §4.2). */
export function oneTimeCode(secret: Buffer, step: number, length: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const truncated = mac.readUInt32BE(mac[19]! & 0xf) & 0x7fffffff;
  return String(truncated % 10 ** length).padStart(length, '0');
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Base32 (RFC 4648 §6); padding, blanks and case do not matter. undefined where it is none. */
export function base32(text: string): Buffer | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text.replace(/[\s=]/g, '').toUpperCase()) {
    const index = alphabet.indexOf(letter);
    if (index < 0) return undefined;
    value = ((value << 5) | index) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >>> bits) & 0xff);
    }
  }
  return Buffer.from(bytes);
}

function secretOf(agent: string, text: string): Buffer {
  const secret = base32(text);
  if (secret && secret.length >= minSecret_bytes) return secret;
  throw new WeighbridgeError('CONFIG', `the one-time-code secret of ${agent} is no base32 of at least 128 bits`, {
    where: `controls.second_factor.secrets.${agent}`,
    mend: 'give 26 letters or more of A–Z and 2–7',
  });
}

function latestUses(records: UseRecord[]): UseRecord[] {
  const latest = new Map<string, number>();
  for (const { agent, step } of records) latest.set(agent, Math.max(step, latest.get(agent) ?? step));
  return [...latest].map(([agent, step]) => ({ agent, step }));
}

const locked = (wait_ms: number): Denial => ({
  code: 'second_factor_locked',
  reason: 'too many wrong one-time codes',
  headers: ['retry-after', String(Math.max(1, Math.ceil(wait_ms / 1000)))],
});
