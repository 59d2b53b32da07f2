/** One-time codes, on a real gateway before a real upstream. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, describe, test } from 'node:test';
import type { SecondFactorConfig } from '#contract/config.ts';
import type { Gateway } from '../gateway.ts';
import { TestClock } from '../testing.ts';
import { base32, oneTimeCode } from './secondFactor.ts';
import { codeOf, denier, House } from './testing_calls.ts';

/* RFC 6238, appendix B, the rows of SHA-1: eight digits, secret "12345678901234567890". */
const rfcSecret = Buffer.from('12345678901234567890');
const appendixB: [time_s: number, code: string][] = [
  [59, '94287082'],
  [1111111109, '07081804'],
  [1111111111, '14050471'],
  [1234567890, '89005924'],
  [2000000000, '69279037'],
  [20000000000, '65353130'],
];

test('RFC 6238, appendix B: the codes of SHA-1', () => {
  for (const [time_s, code] of appendixB) {
    assert.equal(oneTimeCode(rfcSecret, Math.floor(time_s / 30), 8), code);
    // Six digits are the last six of the eight (RFC 4226 §5.3: the same number, modulo 10^6).
    assert.equal(oneTimeCode(rfcSecret, Math.floor(time_s / 30), 6), code.slice(2));
  }
});

/* RFC 4648, §10. */
test('base32: the test vectors of RFC 4648', () => {
  for (const [text, decoded] of [
    ['', ''],
    ['MY======', 'f'],
    ['MZXQ====', 'fo'],
    ['MZXW6===', 'foo'],
    ['MZXW6YQ=', 'foob'],
    ['MZXW6YTB', 'fooba'],
    ['mzxw 6ytb oi======', 'foobar'],
  ] as const)
    assert.equal(base32(text)?.toString(), decoded);
  assert.equal(base32('MZXW1'), undefined);
});

const secretText = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('second factor', () => {
  let house: House;
  let clock: TestClock;
  before(async () => {
    house = await House.build();
    clock = new TestClock();
    clock.now_ms = Math.floor(clock.now_ms / 30_000) * 30_000;
  });
  afterEach(() => {
    house.origin.received = '';
    // Far from all codes used so far.
    clock.now_ms += 300_000;
  });
  after(() => house.stop());

  let files = 0;
  const gatewayWith = (config: Partial<SecondFactorConfig> = {}): Promise<Gateway> => {
    const secrets = { agent: secretText, other: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' };
    const file = house.file(`codes-${files++}`);
    return house.gateway({ second_factor: { secrets, pay_above_cents: 1_000, file, ...config } }, { clock });
  };
  const code = (steps = 0, secret = secretText): string =>
    oneTimeCode(base32(secret)!, Math.floor(clock.now_ms / 30_000) + steps, 6);
  const line = (digits: string): string => `Weighbridge-OTP: ${digits}`;

  test('above the amount a code is demanded; below, and for other operations, none', async () => {
    const gateway = await gatewayWith();
    const refused = await house.pay(gateway, 1_001);
    assert.deepEqual([refused.status, codeOf(refused)], [403, 'second_factor_required']);
    assert.equal(denier(refused), 'gateway/second_factor');
    assert.equal(house.origin.received, '');
    assert.equal(codeOf(await house.pay(gateway, -1)), 'arguments_unclear');
    assert.equal(house.origin.received, '');
    assert.equal((await house.pay(gateway, 1_000)).status, 200);
    assert.equal((await house.remove(gateway)).status, 200);
    assert.equal((await house.pay(gateway, 1_001, 'agent', line(code()))).status, 200);
  });

  test('the code itself goes no further', async () => {
    const gateway = await gatewayWith();
    const given = code();
    assert.equal((await house.pay(gateway, 1_001, 'agent', line(given))).status, 200);
    assert.equal(house.origin.field('weighbridge-otp'), undefined);
    assert.ok(!house.origin.received.includes(given));
  });

  test('deletions need a code where that is configured', async () => {
    const gateway = await gatewayWith({ deletions: true });
    assert.equal(codeOf(await house.remove(gateway)), 'second_factor_required');
    assert.equal((await house.remove(gateway, 'agent', line(code()))).status, 200);
    assert.equal((await house.read(gateway)).status, 200);
  });

  test('wrong codes, another agent’s, two at once, malformed ones: refused, nothing upstream', async () => {
    const gateway = await gatewayWith();
    const wrong = String((Number(code()) + 1) % 1_000_000).padStart(6, '0');
    for (const [lines, expected] of [
      [[line(wrong)], 'second_factor_refused'],
      [[line(code(0, 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'))], 'second_factor_refused'],
      [[line(code()), line(code())], 'second_factor_required'],
      [[line(`${code()}0`)], 'second_factor_required'],
    ] as const)
      assert.equal(codeOf(await house.pay(gateway, 2_000, 'agent', ...lines)), expected);
    assert.equal(codeOf(await house.pay(gateway, 2_000, 'stranger', line(code()))), 'second_factor_required');
    assert.equal(house.origin.received, '');
  });

  test('one step of the clock early or late is accepted, two are not', async () => {
    for (const [steps, status] of [
      [-2, 403],
      [-1, 200],
      [0, 200],
      [1, 200],
      [2, 403],
    ] as const) {
      const gateway = await gatewayWith();
      assert.equal((await house.pay(gateway, 2_000, 'agent', line(code(steps)))).status, status, `${steps} steps`);
    }
  });

  test('norm 27: a one-time code cannot be used twice, nor one that is older than a used one', async () => {
    const gateway = await gatewayWith();
    const [older, given, next] = [code(-1), code(), code(1)];
    assert.equal((await house.pay(gateway, 2_000, 'agent', line(given))).status, 200);
    for (const again of [given, older]) {
      assert.equal(codeOf(await house.pay(gateway, 2_000, 'agent', line(again))), 'second_factor_refused');
    }
    assert.equal(house.arrived, 1);
    assert.equal((await house.pay(gateway, 2_000, 'agent', line(next))).status, 200);
  });

  test('norm 27: of 20 calls in parallel with one code, one passes', async () => {
    const gateway = await gatewayWith();
    const given = line(code());
    const answers = await Promise.all(Array.from({ length: 20 }, () => house.pay(gateway, 2_000, 'agent', given)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(house.arrived, 1);
  });

  test('norm 27: a used code is refused after a restart, too; its file holds neither code nor secret', async () => {
    const file = house.file('restart');
    const first = await gatewayWith({ file });
    const given = line(code());
    assert.equal((await house.pay(first, 2_000, 'agent', given)).status, 200);
    await first.close();
    const second = await gatewayWith({ file });
    assert.equal(codeOf(await house.pay(second, 2_000, 'agent', given)), 'second_factor_refused');
    assert.equal(house.arrived, 1);
    assert.equal((await house.pay(second, 2_000, 'agent', line(code(1)))).status, 200);
    const text = await readFile(file, 'utf8');
    for (const secret of [code(), code(1), secretText]) assert.ok(!text.includes(secret));
  });

  test('guessing ends after ten codes, a right one among those that follow', async () => {
    const gateway = await gatewayWith();
    const wrong = line(String((Number(code()) + 1) % 1_000_000).padStart(6, '0'));
    const answers = await Promise.all(Array.from({ length: 15 }, () => house.pay(gateway, 2_000, 'agent', wrong)));
    assert.equal(answers.filter((a) => codeOf(a) === 'second_factor_refused').length, 10);
    const locked = await house.pay(gateway, 2_000, 'agent', line(code()));
    assert.deepEqual([locked.status, codeOf(locked)], [429, 'second_factor_locked']);
    const wait_s = Number(locked.fields.get('retry-after')![0]);
    assert.ok(wait_s >= 1 && wait_s <= 300);
    const other = line(code(0, 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'));
    assert.equal((await house.pay(gateway, 2_000, 'other', other)).status, 200, 'others go on');
  });

  test('norm 26: where the use cannot be noted: 503 and not one byte upstream', async () => {
    const gateway = await gatewayWith({ file: '/dev/full' });
    const answer = await house.pay(gateway, 2_000, 'agent', line(code()));
    assert.deepEqual([answer.status, denier(answer)], [503, 'gateway/second_factor']);
    assert.equal(house.origin.received, '');
  });

  test('weak secrets are named, not shown; without tokens there is no second factor', async () => {
    await assert.rejects(gatewayWith({ secrets: { agent: 'MZXW6YTB' } }), (error: Error & { where: string }) => {
      assert.equal(error.where, 'controls.second_factor.secrets.agent');
      return !String(error).includes('MZXW6YTB');
    });
    const { startGateway } = await import('../gateway.ts');
    const telemetry = { service: 'gateway', instance: 'gateway/test', mode: 'off' as const };
    const second_factor = { secrets: {}, file: house.file('unused') };
    await assert.rejects(startGateway({ telemetry, upstream: house.origin.url, controls: { second_factor } }), {
      code: 'CONFIG',
      where: 'controls.second_factor',
    });
  });
});
