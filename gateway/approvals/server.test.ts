/** The approvers' API and page, on the listener of a real gateway. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { House } from '../controls/testing_calls.ts';
import type { Gateway } from '../gateway.ts';
import { Collector, send } from '../testing.ts';
import { escaped } from './page.ts';
import type { ApprovalView } from './store.ts';

const secrets = { ada: 'secret-of-ada-for-tests', bob: 'secret-of-bob-for-tests', agent: 'secret-of-the-agent-itself' };
type Name = keyof typeof secrets;

describe('approvals listener', () => {
  let house: House;
  let gateway: Gateway;
  let collector: Collector;
  let base: string;
  before(async () => {
    house = await House.build();
    collector = await Collector.start();
    const approvers = Object.entries(secrets).map(([id, secret]) => ({ id, secret }));
    const file = house.file('approvals');
    gateway = await house.gateway(
      {
        budget: { window: 'lifetime', agent_cents: 1_000_000 },
        approval: { above_cents: 100, second_above_cents: 5_000, approvers, answer: 'forbidden', file },
      },
      { otlp: collector.url },
    );
    base = gateway.approvals_url!;
  });
  after(async () => {
    await house.stop();
    await collector.stop();
  });

  const ask = async (amount: number, agent = 'agent'): Promise<string> =>
    (await house.pay(gateway, amount, agent)).fields.get('weighbridge-approval')![0]!;
  const api = (path: string, as?: Name | '', init: RequestInit = {}): Promise<Response> =>
    fetch(`${base}/api/${path}`, {
      ...init,
      headers: as === undefined ? {} : { authorization: `Bearer ${as === '' ? 'wrong' : secrets[as]}` },
    });
  const post = (
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    fetch(base + path, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' });
  const login = async (as: Name, next = '/'): Promise<{ cookie: string; location: string; attributes: string }> => {
    const answer = await post('/login', { secret: secrets[as], next });
    assert.equal(answer.status, 303);
    const attributes = answer.headers.get('set-cookie')!;
    return { cookie: attributes.split(';')[0]!, location: answer.headers.get('location')!, attributes };
  };
  const page = async (path: string, cookie: string): Promise<string> =>
    (await fetch(base + path, { headers: { cookie } })).text();
  const formToken = (html: string): string => /name="form_token" value="([^"]+)"/.exec(html)![1]!;
  const stateOf = async (id: string): Promise<string> =>
    ((await (await api(`approvals/${id}`, 'ada')).json()) as ApprovalView).state;

  test('the API needs an approver’s secret on every request', async () => {
    const id = await ask(200);
    for (const path of ['approvals', `approvals/${id}`, 'costs', 'nothing']) {
      for (const as of [undefined, ''] as const) {
        const answer = await api(path, as);
        assert.equal(answer.status, 401, path);
        assert.match(answer.headers.get('www-authenticate')!, /^Bearer/);
      }
    }
    for (const as of [undefined, ''] as const)
      assert.equal((await api(`approvals/${id}/approve`, as, { method: 'POST' })).status, 401);
    const { cookie } = await login('ada');
    const byCookie = await fetch(`${base}/api/approvals/${id}/approve`, { method: 'POST', headers: { cookie } });
    assert.equal(byCookie.status, 401, 'a session does not open the API');
    assert.equal(await stateOf(id), 'pending');
  });

  test('norm 34: secrets of any length, and parts of a right one, are compared and refused', async () => {
    for (const wrong of [
      'x',
      'x'.repeat(5_000),
      secrets.ada.slice(0, -1),
      `${secrets.ada}x`,
      secrets.ada.toUpperCase(),
    ]) {
      const answer = await fetch(`${base}/api/approvals`, { headers: { authorization: `Bearer ${wrong}` } });
      assert.equal(answer.status, 401);
    }
    assert.equal((await api('approvals', 'bob')).status, 200);
  });

  test('the API lists, shows, approves and denies; an agent’s token opens nothing', async () => {
    const [yes, no] = [await ask(300), await ask(301)];
    assert.equal((await api(`approvals/${yes}/approve`, 'ada', { method: 'POST' })).status, 200);
    assert.equal((await api(`approvals/${no}/deny`, 'ada', { method: 'POST' })).status, 200);
    assert.deepEqual([await stateOf(yes), await stateOf(no)], ['approved', 'denied']);
    assert.equal((await api(`approvals/${yes}/burn`, 'ada', { method: 'POST' })).status, 404);
    assert.equal((await api(`approvals/${'0'.repeat(32)}/approve`, 'ada', { method: 'POST' })).status, 404);
    assert.equal((await api('approvals', 'ada', { method: 'DELETE' })).status, 405);
    const authorization = (await house.as('agent')).replace('Authorization: ', '');
    assert.equal((await fetch(`${base}/api/approvals`, { headers: { authorization } })).status, 401);
  });

  test('costs by agent and task are there as JSON', async () => {
    await house.pay(gateway, 42, 'buyer', 'Weighbridge-Task: errand');
    const costs = (await (await api('costs', 'ada')).json()) as ReturnType<Gateway['costs']>;
    assert.deepEqual(costs, gateway.costs());
    const row = costs!.tasks.find(({ agent }) => agent === 'buyer')!;
    assert.deepEqual([row.task, row.calls, row.spent_cents], ['errand', 1, 42]);
  });

  test('and as a page for those who have signed in, with what agents call their tasks escaped', async () => {
    await house.pay(gateway, 43, '<i>buyer</i>', 'Weighbridge-Task: trip/1');
    assert.equal((await fetch(`${base}/costs`)).status, 401);
    const { cookie, location } = await login('ada', '/costs');
    assert.equal(location, '/costs');
    const html = await page('/costs', cookie);
    assert.ok(html.includes('<td>&lt;i&gt;buyer&lt;/i&gt;</td><td>trip/1</td><td>1</td><td>43</td>'), html);
    assert.ok((await page('/', cookie)).includes('href="/costs"'));
  });

  test('a human signs in, reads what is asked, and decides by form; the link leads there', async () => {
    const id = await ask(400);
    const link = `/approvals/${id}`;
    const before = await fetch(base + link);
    assert.equal(before.status, 401);
    const text = await before.text();
    assert.ok(text.includes('type="password"') && !text.includes('acme'));
    const { cookie, location, attributes } = await login('ada', link);
    assert.equal(location, link);
    assert.match(attributes, /HttpOnly/);
    assert.match(attributes, /SameSite=Strict/);
    const html = await page(link, cookie);
    for (const shown of ['agent', '4.00', 'acme', 'Approve', 'Deny']) assert.ok(html.includes(shown), shown);
    const answer = await post('/decide', { id, verdict: 'approved', form_token: formToken(html) }, { cookie });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /role="status"/);
    assert.equal(await stateOf(id), 'approved');
    assert.equal((await house.pay(gateway, 400)).status, 200);
  });

  test('a form without the session’s token, with another’s, or from another origin decides nothing', async () => {
    const id = await ask(500);
    const [ada, bob] = [await login('ada'), await login('bob')];
    const token = formToken(await page('/', ada.cookie));
    const other = formToken(await page('/', bob.cookie));
    const decide = (form_token: string | undefined, headers: Record<string, string>): Promise<Response> =>
      post('/decide', { id, verdict: 'approved', ...(form_token === undefined ? {} : { form_token }) }, headers);
    assert.equal((await decide(undefined, ada)).status, 403);
    assert.equal((await decide(other, { cookie: ada.cookie })).status, 403);
    assert.equal((await decide(token, {})).status, 401);
    for (const origin of ['http://evil.test', 'null'])
      assert.equal((await decide(token, { cookie: ada.cookie, origin })).status, 403, origin);
    assert.equal((await decide(token, { cookie: ada.cookie, 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal(await stateOf(id), 'pending');
    assert.equal((await decide(token, { cookie: ada.cookie, origin: base })).status, 200);
  });

  test('under a name that is not ours nothing is served (DNS rebinding)', async () => {
    const answer = await send(base, 'GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n');
    assert.equal(answer.status, 421);
    const port = new URL(base).port;
    const local = await send(base, `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`);
    assert.equal(local.status, 401);
  });

  test('own calls and second approvals by the same human have no button, and are refused', async () => {
    const id = await ask(6_000);
    const own = await login('agent');
    const ownPage = await page(`/approvals/${id}`, own.cookie);
    assert.ok(ownPage.includes('your own') && !ownPage.includes('value="approved"'));
    const refused = await post('/decide', { id, verdict: 'approved', form_token: formToken(ownPage) }, own);
    assert.equal(refused.status, 403);
    assert.match(await refused.text(), /role="alert"/);
    await api(`approvals/${id}/approve`, 'ada', { method: 'POST' });
    const { cookie } = await login('ada');
    const again = await page(`/approvals/${id}`, cookie);
    assert.ok(again.includes('a second approver must') && !again.includes('value="approved"'));
    assert.equal(await stateOf(id), 'pending');
  });

  test('every answer carries a strict policy; pages have no script and fit their style’s digest', async () => {
    const { cookie } = await login('ada');
    for (const path of ['/', '/nothing', '/api/approvals']) {
      const { headers } = await fetch(base + path, { headers: { cookie } });
      const policy = headers.get('content-security-policy')!;
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.ok(!policy.includes('unsafe') && !policy.includes('script-src'));
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('cache-control'), 'no-store');
    }
    const html = await page('/', cookie);
    const { createHash } = await import('node:crypto');
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
    const { headers } = await fetch(`${base}/`);
    const digest = createHash('sha256').update(style).digest('base64');
    assert.ok(headers.get('content-security-policy')!.includes(`'sha256-${digest}'`));
    assert.ok(!/<script|javascript:|\son\w+=|\sstyle=|src=|href="http/i.test(html));
    assert.match(html, /<html lang="en">/);
    for (const [, id] of html.matchAll(/aria-(?:labelledby|describedby)="([^"]+)"/g))
      assert.ok(html.includes(`id="${id}"`), `${id} names something`);
  });

  test('what agents send is shown, never run', async () => {
    const evil = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>';
    const body = JSON.stringify({ payee: evil, amount_cents: 700 });
    const request = `POST /payments/payments HTTP/1.1\r\nHost: gw.test\r\n${await house.as('<b>agent</b>')}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
    assert.equal((await send(gateway.url, request)).status, 403);
    const html = await page('/', (await login('ada')).cookie);
    assert.ok(html.includes('&lt;script&gt;alert(1)') && html.includes('&lt;b&gt;agent'));
    assert.ok(!html.includes('<script') && !html.includes('<img') && !html.includes('<b>'));
  });

  test('what would not be seen, or turns the text around, is shown by its number', () => {
    assert.equal(
      escaped('a\u202eb\u2066c\u200bd\u0000e\u2028f\nüß\t'),
      'a[U+202E]b[U+2066]c[U+200B]d[U+0000]e[U+2028]f\nüß\t',
    );
    assert.equal(escaped(String.fromCodePoint(0xe0041)), '[U+E0041]');
  });

  test('signing in leads nowhere else, fails without a secret, and ends by signing out', async () => {
    assert.equal((await login('ada', 'https://evil.test/')).location, '/');
    assert.equal((await login('ada', '//evil.test')).location, '/');
    assert.equal((await post('/login', { secret: 'wrong' })).status, 403);
    assert.equal((await post('/login', { secret: 'x'.repeat(10_000) })).status, 413);
    const { cookie } = await login('ada');
    const form_token = formToken(await page('/', cookie));
    assert.equal((await post('/logout', { form_token }, { cookie })).status, 303);
    assert.equal((await fetch(`${base}/`, { headers: { cookie } })).status, 401);
  });

  test('norm 33: decisions are logged with who and what, and no secret anywhere', async () => {
    const id = await ask(800);
    await api(`approvals/${id}/approve`, 'bob', { method: 'POST' });
    await gateway.drain();
    const line = collector.lines.find(({ attributes }) => attributes.approval === id)!;
    assert.deepEqual([line.attributes.by, line.attributes.verdict], ['bob', 'approved']);
    const everything = JSON.stringify([collector.spans, collector.lines], (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    for (const secret of Object.values(secrets)) assert.ok(!everything.includes(secret));
    assert.ok(!(await (await api('approvals', 'ada')).text()).includes('secret-of'));
  });
});
