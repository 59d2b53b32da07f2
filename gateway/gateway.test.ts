/** The gateway's process, over its control channel, between the real authority and the real tools. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { GatewayConfig } from '#contract/config.ts';
import { ControlClient, type GatewayMethods } from '#contract/control.ts';
import { allScopes, causeOf, gatewayAudience, toolsAudience } from '#contract/tools.ts';
import { startTestbed, startTier, type Testbed, testVaultSecret } from '../bench/testbed/testing.ts';
import { login } from '../bench/testbed/testing_login.ts';
import { Collector, get, Origin, RawClient, send, until } from './testing.ts';

const main = new URL('./main.ts', import.meta.url);
const ended = (control: ControlClient<GatewayMethods>): Promise<unknown> =>
  control.alive ? new Promise((resolve) => control.child.once('exit', resolve)) : Promise.resolve();

describe('gateway process', () => {
  let testbed: Testbed;
  let collector: Collector;
  let directory: string;
  let control: ControlClient<GatewayMethods>;
  let url: string;
  let agentToken: string;
  let audit: string;

  before(async () => {
    [testbed, collector] = await Promise.all([startTestbed(), Collector.start()]);
    directory = await mkdtemp(join(tmpdir(), 'gateway-'));
    audit = join(directory, 'audit.jsonl');
    control = startTier<GatewayMethods>('gateway', main);
    const answer = await control.call('configure', configuration(audit));
    assert.equal(answer.audit_mode, 'buffered');
    url = answer.url;
    await testbed.authControl.call('set_verifiers', { urls: [testbed.tools.revocations_url, answer.revocations_url] });
    agentToken = await token();
    await testbed.toolsControl.call('effects');
  });
  after(async () => {
    await control.call('stop');
    await ended(control);
    await Promise.all([testbed.stop(), collector.stop(), rm(directory, { recursive: true })]);
  });

  function configuration(file: string): GatewayConfig {
    return {
      telemetry: {
        service: 'weighbridge-gateway',
        instance: 'gateway/test',
        mode: 'light',
        otlp: collector.url,
        raw_log: join(directory, 'raw.ndjson'),
      },
      upstream: testbed.tools.url,
      controls: {
        bearer: testbed.verifier(gatewayAudience),
        policy: { agents: [{ agent_id: 'agent', scopes: [...allScopes] }], max_payment_cents: 50_000 },
        rate_limit: { points: 1_000_000, per_s: 1 },
        credentials: {
          token_endpoint: testbed.auth.token_endpoint,
          client_id: 'vault',
          client_secret: testVaultSecret,
          scopes: [...allScopes],
          resource: toolsAudience,
        },
        audit: { file, mode: 'buffered' },
      },
    };
  }

  async function token(): Promise<string> {
    const scope = `openid offline_access ${allScopes.join(' ')}`;
    const { access_token } = await login({
      issuer: testbed.auth.issuer,
      client_id: 'agent',
      scope,
      resource: gatewayAudience,
    });
    return access_token;
  }

  async function call(method: string, path: string, body?: unknown, access = agentToken) {
    const answer = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${access}`,
        'weighbridge-call': 'call-1',
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return {
      status: answer.status,
      denied_by: answer.headers.get('weighbridge-denied-by'),
      cause: causeOf(answer.headers.get('www-authenticate') ?? undefined),
      text: await answer.text(),
    };
  }
  const effects = () => testbed.toolsControl.call('effects');
  const pay = (amount_cents: number) => call('POST', '/payments/payments', { payee: 'acme', amount_cents });

  test('every class of operation takes effect at the tool, as the vault', async () => {
    assert.equal((await call('GET', '/calendar/events')).status, 200);
    assert.equal((await call('POST', '/mail/messages', { to: 'a@b.test', subject: 's', body: 't' })).status, 201);
    assert.equal((await call('DELETE', '/files/f%201')).status, 204);
    assert.equal((await pay(1_250)).status, 201);
    const done = (await effects()).effects;
    assert.deepEqual(
      done.map((e) => `${e.tool}.${e.operation}`),
      ['calendar.list_events', 'mail.send_message', 'files.delete_file', 'payments.create_payment'],
    );
    assert.ok(done.every((e) => e.client_id === 'vault' && e.call_id === 'call-1'));
  });

  test('what it refuses has no effect, and the tools hear nothing of it', async () => {
    const minted = async (kind: 'expired' | 'wrong_scope' | 'wrong_audience') =>
      (await testbed.authControl.call('mint', { client_id: 'agent', resource: gatewayAudience, kind })).token;
    await effects();
    const tooMuch = await pay(75_000);
    assert.deepEqual([tooMuch.status, tooMuch.denied_by], [403, 'gateway/policy']);
    assert.equal(JSON.parse(tooMuch.text).code, 'policy_denied');
    const unknown = await call('GET', '/admin');
    assert.deepEqual([unknown.status, unknown.denied_by], [403, 'gateway/policy']);
    for (const [kind, status, cause] of [
      ['expired', 401, 'expired'],
      ['wrong_audience', 401, 'audience'],
      ['wrong_scope', 403, 'scope'],
    ] as const) {
      const answer = await call('GET', '/calendar/events', undefined, await minted(kind));
      assert.deepEqual([answer.status, answer.cause, answer.denied_by], [status, cause, 'gateway/bearer'], kind);
    }
    assert.equal((await effects()).requests, 0);
  });

  test('revoking the agent’s tokens ends its calls; revoking the vault’s is mended out of the agent’s sight', async () => {
    assert.equal((await call('GET', '/calendar/events')).status, 200);
    assert.ok((await testbed.authControl.call('revoke', { client_id: 'vault' })).revoked > 0);
    await control.call('drain');
    collector.spans.length = 0;
    assert.equal((await call('GET', '/calendar/events')).status, 200);
    await control.call('drain');
    const clients = collector.spans.filter((span) => span.kind === 3);
    assert.deepEqual(
      clients.map((c) => [c.name, c.attributes['http.response.status_code'], c.attributes['weighbridge.cause']]),
      [
        ['GET', '401', 'revoked'],
        ['token refresh', undefined, undefined],
        ['GET', '200', undefined],
      ],
    );
    await testbed.authControl.call('revoke', { client_id: 'agent' });
    const answer = await call('GET', '/calendar/events');
    assert.deepEqual([answer.status, answer.cause], [401, 'revoked']);
    agentToken = await token();
    assert.equal((await call('GET', '/calendar/events')).status, 200);
  });

  test('renew takes up new lifetimes, and short-lived tokens do not trouble the agent', async () => {
    await testbed.authControl.call('set_ttl', { access_token_ttl_ms: 400 });
    await control.call('renew');
    const end = performance.now() + 1_500;
    const statuses = new Set<number>();
    // The agent's own token is a long-lived one.
    while (performance.now() < end) statuses.add((await call('GET', '/calendar/events')).status);
    assert.deepEqual(statuses, new Set([200]));
    await testbed.authControl.call('set_ttl', { access_token_ttl_ms: 3_600_000 });
    await control.call('renew');
  });

  test('fifty at once, all controls on', async () => {
    await effects();
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => pay(i + 1)));
    assert.deepEqual(new Set(answers.map((a) => a.status)), new Set([201]));
    assert.equal((await effects()).effects.length, 200);
  });

  test('a drain leaves nothing behind: spans, lines and records; norm 33: no secret in any of them', async () => {
    const report = await control.call('drain');
    assert.equal(report.spans_dropped, 0);
    const lines = collector.lines.length;
    const before = (await readFile(audit, 'utf8')).split('\n').length;
    for (let i = 0; i < 25; i++) await call('GET', '/calendar/events');
    const after = await control.call('drain');
    assert.deepEqual(
      [after.spans_started, after.spans_exported, after.request_log_lines, after.log_lines_exported],
      [50, 50, 25, 25],
    );
    assert.equal(collector.lines.length - lines, 25);
    const records = await readFile(audit, 'utf8');
    assert.equal(records.split('\n').length - before, 25);
    const everything =
      records +
      JSON.stringify([collector.spans, collector.lines], (_, value) =>
        typeof value === 'bigint' ? String(value) : value,
      ) +
      (await readFile(join(directory, 'raw.ndjson'), 'utf8'));
    for (const secret of [agentToken, agentToken.split('.')[2]!, testVaultSecret, testbed.push_secret]) {
      assert.ok(!everything.includes(secret));
    }
  });

  test('methods in the wrong order, and ports that are taken, are named', async () => {
    const other = startTier<GatewayMethods>('gateway', main);
    await assert.rejects(other.call('drain'), { code: 'CONFIG' });
    const port = Number(new URL(url).port);
    const taken = { ...configuration(join(directory, 'other.jsonl')), port };
    await assert.rejects(other.call('configure', taken), { code: 'PORT_TAKEN' });
    await assert.rejects(control.call('configure', taken), { code: 'CONFIG' });
    other.child.disconnect();
    await ended(other);
  });
});

test('the process ends when its channel closes, a request under way notwithstanding', async () => {
  const origin = await Origin.start(() => undefined);
  const control = startTier<GatewayMethods>('gateway', main);
  const telemetry = { service: 'weighbridge-gateway', instance: 'gateway/test', mode: 'off' as const };
  const { url, audit_mode } = await control.call('configure', { telemetry, upstream: origin.url, controls: {} });
  assert.equal(audit_mode, 'off');
  assert.equal(await control.call('gc'), undefined);
  const client = new RawClient(url);
  client.write(get('/'));
  await until(() => origin.received !== '');
  const gone = ended(control);
  control.child.disconnect();
  await gone;
  await client.untilEnd();
  await origin.stop();
});

test('without a control channel it says what it needs', async () => {
  const child = spawn(process.execPath, [fileURLToPath(main)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 104);
  assert.match(said, /control channel/);
});

test('norm 26: a disk that is really full, seen by the whole process: 503 and nothing upstream', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'gateway-full-'));
  const origin = await Origin.start();
  // A file may grow to 2 blocks of 512 bytes; the write that crosses the limit comes back short.
  const limited = `trap '' XFSZ; ulimit -f 2; exec "${process.execPath}" --expose-gc "${fileURLToPath(main)}"`;
  const child = spawn('sh', ['-c', limited], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const control = new ControlClient<GatewayMethods>('gateway', child);
  const file = join(directory, 'audit.jsonl');
  const telemetry = { service: 'weighbridge-gateway', instance: randomBytes(4).toString('hex'), mode: 'off' as const };
  const { url } = await control.call('configure', {
    telemetry,
    upstream: origin.url,
    controls: { audit: { file, mode: 'buffered' } },
  });
  for (let i = 0; i < 10; i++) assert.equal((await send(url, get('/calendar/events'))).status, 200);
  await control.call('drain');
  origin.received = '';
  const answer = await send(url, get('/calendar/events'));
  assert.equal(answer.status, 503);
  assert.equal(origin.received, '');
  assert.equal((await readFile(file)).length, 1024, 'as much as there was room for');
  await control.call('stop');
  await ended(control);
  await origin.stop();
  await rm(directory, { recursive: true });
});
