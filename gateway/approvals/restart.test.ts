/** The gateway's process killed at the worst moments: what approvers decided, and what was used up, is still known. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { GatewayConfig } from '#contract/config.ts';
import type { ControlClient, GatewayMethods } from '#contract/control.ts';
import { startTier } from '../../bench/testbed/testing.ts';
import { base32, oneTimeCode } from '../controls/secondFactor.ts';
import { codeOf, House, payment } from '../controls/testing_calls.ts';
import { type RawAnswer, send } from '../testing.ts';

const main = new URL('../main.ts', import.meta.url);
const secret = 'secret-of-ada-for-tests';
const codeSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

let house: House;
before(async () => {
  house = await House.build();
});
let gateway: Running | undefined;
after(async () => {
  if (gateway?.control.alive) await kill(gateway);
  await house.stop();
});

interface Running {
  control: ControlClient<GatewayMethods>;
  url: string;
  approvals_url: string;
}

async function start(): Promise<Running> {
  const controls: GatewayConfig['controls'] = {
    bearer: house.authority.verifier,
    budget: { window: 'lifetime', agent_cents: 40_000, file: house.file('budget') },
    second_factor: { secrets: { agent: codeSecret }, pay_above_cents: 1_500, file: house.file('codes') },
    approval: {
      above_cents: 1_000,
      approvers: [{ id: 'ada', secret }],
      answer: 'forbidden',
      file: house.file('approvals'),
    },
  };
  const telemetry = { service: 'weighbridge-gateway', instance: 'gateway/test', mode: 'off' as const };
  const control = startTier<GatewayMethods>('gateway', main);
  const { url, approvals_url } = await control.call('configure', { telemetry, upstream: house.origin.url, controls });
  return { control, url, approvals_url: approvals_url! };
}

/** The page of one approval, as ada sees it. */
async function pageOf({ approvals_url }: Running, id: string): Promise<string> {
  const body = new URLSearchParams({ secret, next: '/' });
  const login = await fetch(`${approvals_url}/login`, { method: 'POST', body, redirect: 'manual' });
  const cookie = login.headers.get('set-cookie')!.split(';')[0]!;
  return (await fetch(`${approvals_url}/approvals/${id}`, { headers: { cookie } })).text();
}

const decide = ({ approvals_url }: Running, id: string, action: 'approve' | 'deny'): Promise<Response> =>
  fetch(`${approvals_url}/api/approvals/${id}/${action}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
  });

async function kill({ control }: Running): Promise<void> {
  const gone = new Promise((resolve) => control.child.once('exit', resolve));
  control.child.kill('SIGKILL');
  await gone;
}

test('norm 27: kill -9 after each step: approved once, served once, the code used once, nothing spent forgotten', async () => {
  const authorization = await house.as('agent');
  const pay = (gateway: Running, cents: number, ...lines: string[]): Promise<RawAnswer> =>
    send(gateway.url, payment(cents, authorization, ...lines));

  gateway = await start();
  const asked = await pay(gateway, 1_400);
  assert.equal(codeOf(asked), 'approval_required');
  const id = asked.fields.get('weighbridge-approval')![0]!;
  await kill(gateway);

  gateway = await start();
  assert.equal((await pay(gateway, 1_400)).fields.get('weighbridge-approval')![0], id);
  assert.equal((await decide(gateway, id, 'approve')).status, 200);
  await kill(gateway);

  gateway = await start();
  assert.equal((await pay(gateway, 1_400, `Weighbridge-Approval: ${id}`)).status, 200);
  await kill(gateway);

  gateway = await start();
  assert.equal(codeOf(await pay(gateway, 1_400, `Weighbridge-Approval: ${id}`)), 'approval_used');
  // The next step's code: accepted from now on for a minute at least.
  const code = oneTimeCode(base32(codeSecret)!, Math.floor(Date.now() / 30_000) + 1, 6);
  const both = await pay(gateway, 1_600, `Weighbridge-OTP: ${code}`);
  assert.equal(codeOf(both), 'approval_required');
  assert.equal((await decide(gateway, both.fields.get('weighbridge-approval')![0]!, 'approve')).status, 200);
  assert.equal((await pay(gateway, 1_600, `Weighbridge-OTP: ${code}`)).status, 200, 'who waits keeps the code');
  await kill(gateway);

  gateway = await start();
  assert.equal(codeOf(await pay(gateway, 1_600, `Weighbridge-OTP: ${code}`)), 'second_factor_refused');
  const costs = await gateway.control.call('costs');
  // The two payments, and what refused calls had reserved where the kill came before it was given back: never less.
  assert.ok(costs!.all.spent_cents >= 3_000, String(costs!.all.spent_cents));
  await kill(gateway);
  assert.equal(house.arrived, 2);
});

test('after a restart nobody approves what cannot be shown, by page or API, until the agent repeats its call', async () => {
  const authorization = await house.as('agent');
  gateway = await start();
  const pay = (): Promise<RawAnswer> => send(gateway!.url, payment(1_450, authorization));
  const id = (await pay()).fields.get('weighbridge-approval')![0]!;
  const before = await pageOf(gateway, id);
  assert.ok(before.includes('acme') && before.includes('value="approved"'));
  await kill(gateway);

  gateway = await start();
  const blind = await pageOf(gateway, id);
  assert.ok(!blind.includes('acme') && !blind.includes('value="approved"') && blind.includes('value="denied"'));
  assert.match(blind, /never written, so the gateway’s restart took them/);
  const refused = await decide(gateway, id, 'approve');
  const { error, detail } = (await refused.json()) as { error: string; detail: string };
  assert.deepEqual([refused.status, error], [409, 'arguments_not_shown']);
  assert.match(detail, /once the agent repeats the call/);
  assert.equal((await pay()).fields.get('weighbridge-approval')![0], id);
  const again = await pageOf(gateway, id);
  assert.ok(again.includes('acme') && again.includes('value="approved"'));
  assert.equal((await decide(gateway, id, 'approve')).status, 200);
  await kill(gateway);
});

test('what was approved with sight of it still serves after a restart, and a denial needs none', async () => {
  const authorization = await house.as('agent');
  const pay = (cents: number): Promise<RawAnswer> => send(gateway!.url, payment(cents, authorization));
  gateway = await start();
  const idOf = async (cents: number): Promise<string> => (await pay(cents)).fields.get('weighbridge-approval')![0]!;
  const [seen, denied] = [await idOf(1_300), await idOf(1_301)];
  assert.equal((await decide(gateway, seen, 'approve')).status, 200);
  await kill(gateway);

  gateway = await start();
  assert.equal((await decide(gateway, denied, 'deny')).status, 200, 'a denial needs no sight of them');
  const arrived = house.arrived;
  assert.equal((await pay(1_300)).status, 200);
  assert.equal(codeOf(await pay(1_301)), 'approval_denied');
  assert.equal(house.arrived, arrived + 1);
  await kill(gateway);
});
