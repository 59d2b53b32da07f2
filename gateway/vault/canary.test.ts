/**
 * Norm 33: secrets planted as canaries turn up in nothing that a gateway's process puts out: standard output and error,
 * log, spans, audit records, answers, errors over the control channel, and the vault at rest; in good times and in bad.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { ControlClient, type GatewayMethods } from '#contract/control.ts';
import { allScopes } from '#contract/tools.ts';
import { Authority, Collector, get, Origin, okAnswer, post, send } from '../testing.ts';
import { FileKeyStore } from './fileKeyStore.ts';
import { Vault } from './vault.ts';

const revoked =
  'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error="invalid_token", error_description="CANARY-challenge"\r\nContent-Length: 17\r\n\r\nCANARY-of-refusal';

test('norm 33: canaries planted in every secret turn up in no output of a gateway', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'canary-'));
  const file = join(dir, 'vault.json');
  const key_file = join(dir, 'keys.json');
  const [previous, newest, next] = ['CANARY-previous', 'CANARY-newest+/=&%', 'CANARY-third'] as const;
  const vault = await Vault.create(file, await FileKeyStore.create(key_file));
  await vault.put('tools', previous);
  await vault.put('tools', newest);

  const authority = await Authority.start();
  const collector = await Collector.start();
  let refusing = false;
  const origin = await Origin.start((socket) => void socket.write(refusing ? revoked : okAnswer));
  authority.onToken = (count) => ({
    status: 200,
    body: { access_token: `CANARY-upstream-${count}`, expires_in: 3600 },
  });

  const child = spawn(process.execPath, ['--expose-gc', fileURLToPath(new URL('../main.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const control = new ControlClient<GatewayMethods>('gateway', child);
  const errors: unknown[] = [];
  const failing = (attempt: Promise<unknown>): Promise<void> =>
    attempt.then(
      () => assert.fail('it should have failed'),
      (error) => void errors.push(error),
    );

  const telemetry = {
    service: 'weighbridge-gateway',
    instance: 'gateway/test',
    mode: 'light' as const,
    otlp: collector.url,
    raw_log: join(dir, 'raw.ndjson'),
  };
  const credentials = {
    token_endpoint: authority.token_endpoint,
    client_id: 'vault',
    vault: { file, key_file, entry: 'tools' },
    scopes: [...allScopes],
    resource: 'urn:weighbridge:tools',
  };
  const configuration = {
    telemetry,
    upstream: origin.url,
    controls: {
      bearer: { ...authority.verifier, push_secret: 'CANARY-push-secret' },
      policy: { agents: [{ agent_id: 'agent', scopes: [...allScopes] }], max_payment_cents: 500 },
      credentials,
      audit: { file: join(dir, 'audit.jsonl'), mode: 'buffered' as const },
    },
  };
  await failing(
    control.call('configure', {
      ...configuration,
      controls: { ...configuration.controls, credentials: { ...credentials, client_secret: 'CANARY-handed-in' } },
    }),
  );
  const { url } = await control.call('configure', configuration);

  const token = await authority.token({ client_id: 'agent', note: 'CANARY-claim' });
  const bad = `${token.slice(0, -4)}AAAA`;
  const as = (bearer: string): string => `Authorization: Bearer ${bearer}`;
  const pays = (amount_cents: number): string =>
    post(
      '/payments/payments',
      JSON.stringify({ amount_cents, note: 'CANARY-body' }),
      as(token),
      'Content-Type: application/json',
    );
  const answers: string[] = [];
  const ask = async (bytes: string, status: number): Promise<void> => {
    const answer = await send(url, bytes);
    answers.push(answer.raw);
    assert.equal(answer.status, status);
  };
  // Good and refused ones, each in its way.
  await ask(get('/calendar/events?q=CANARY-query', as(token)), 200);
  await ask(pays(100), 200);
  await ask(pays(501), 403);
  await ask(get('/calendar/events', as(bad)), 401);
  await ask(get('/calendar/events?access_token=CANARY-in-query'), 400);
  await ask(get('/calendar/events', 'Authorization: Bearer CANARY-not!a-token'), 400);
  // The upstream refuses the vault's token twice; then no token can be had; then the vault cannot be read.
  refusing = true;
  await ask(get('/calendar/events', as(token)), 502);
  refusing = false;
  authority.onToken = () => ({ status: 400, body: { error: 'invalid_client', hint: 'CANARY-of-authority' } });
  await failing(control.call('renew'));
  await vault.put('tools', next);
  await failing(control.call('renew'));
  const { entries } = JSON.parse(await readFile(file, 'utf8'));
  entries.tools[0].wrapped = entries.tools[1].wrapped;
  await writeFile(file, JSON.stringify({ version: 1, entries }));
  await failing(control.call('renew'));
  await writeFile(file, 'CANARY-in-a-broken-vault');
  await failing(control.call('renew'));
  refusing = true;
  await ask(get('/calendar/events', as(token)), 502);
  refusing = false;
  await ask(get('/calendar/events', as(token)), 503);
  await writeFile(file, JSON.stringify({ version: 1, entries }));

  await control.call('drain');
  const ended = new Promise((resolve) => child.once('close', resolve));
  await control.call('stop');
  await ended;

  // It was all really sent: the canaries are where they belong.
  const sent = authority.tokenRequests.map(({ authorization }) =>
    Buffer.from(authorization!.slice(6), 'base64').toString(),
  );
  for (const secret of [previous, newest, next]) {
    assert.ok(sent.includes(`vault:${encodeURIComponent(secret)}`), `${secret} was tried`);
  }
  assert.ok(origin.received.includes('CANARY-upstream-1') && origin.received.includes('CANARY-body'));

  const outputs = new Map<string, string>([
    ['standard output and error', said],
    ['answers', answers.join('\n')],
    ['errors', errors.map((error) => inspect(error, { depth: 10, showHidden: true })).join('\n')],
    ['spans', inspect(collector.spans, { depth: 10, maxArrayLength: null, maxStringLength: null })],
    ['lines', JSON.stringify(collector.lines)],
  ]);
  for (const name of await readdir(dir))
    if (name !== 'keys.json') outputs.set(name, await readFile(join(dir, name), 'utf8'));
  assert.equal(errors.length, 5);
  assert.ok(collector.spans.length > 10 && collector.lines.length > 5);
  for (const name of ['raw.ndjson', 'audit.jsonl', 'vault.json']) assert.ok(outputs.get(name)!.length > 100, name);

  const masterKeys = Object.values(JSON.parse(await readFile(key_file, 'utf8')).keys as Record<string, string>);
  const forms = [
    'CANARY',
    'Q0FOQVJZ',
    Buffer.from(`vault:${previous}`).toString('base64'),
    token,
    token.split('.')[2]!,
  ];
  for (const [name, text] of outputs) {
    for (const secret of [...forms, ...masterKeys])
      assert.ok(!text.includes(secret), `${secret.slice(0, 12)}… in ${name}`);
  }
  await Promise.all([authority.stop(), collector.stop(), origin.stop(), rm(dir, { recursive: true })]);
});
