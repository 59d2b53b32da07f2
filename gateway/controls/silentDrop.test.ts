/** Denials without an answer (claims C5 and C7), on a real gateway before a real upstream. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, describe, test } from 'node:test';
import { testKey, testProof } from '../../bench/testbed/testing_proof.ts';
import type { Gateway } from '../gateway.ts';
import { Collector, get, RawClient, until } from '../testing.ts';
import { codeOf, denier, House, payment } from './testing_calls.ts';

describe('silent drop', () => {
  let house: House;
  before(async () => {
    house = await House.build();
  });
  afterEach(() => {
    house.origin.received = '';
  });
  after(() => house.stop());

  const budget = { budget: { window: 'lifetime' as const, agent_cents: 100 } };
  const open = (gateway: Gateway, bytes: string): RawClient => {
    const client = new RawClient(gateway.url);
    client.write(bytes);
    return client;
  };

  test('a denied call gets no byte and no end until the cap; nothing is forwarded; others are served meanwhile', async () => {
    const gateway = await house.gateway(budget, { denials: { silent_drop: {} } });
    const client = open(gateway, payment(101, await house.as('agent')));
    await until(() => gateway.costs()!.tasks[0]?.refused_calls === 1);
    assert.equal((await house.pay(gateway, 100)).status, 200);
    assert.deepEqual([client.raw, client.ended], ['', false]);
    assert.equal(house.arrived, 1, 'the allowed one');
    client.socket.destroy();
    const capped = await house.gateway(budget, { denials: { silent_drop: { cap_ms: 50 } } });
    assert.equal((await house.pay(capped, 101)).raw, '');
  });

  test('without the option the answer is clear', async () => {
    const gateway = await house.gateway(budget);
    const answer = await house.pay(gateway, 101);
    assert.deepEqual([answer.status, codeOf(answer), denier(answer)], [403, 'budget_exceeded', 'gateway/budget']);
  });

  test('an agent that gives up first is let go; span and line name the control, and no status', async () => {
    const collector = await Collector.start();
    const gateway = await house.gateway({}, { denials: { silent_drop: {} }, otlp: collector.url });
    const client = open(gateway, get('/calendar/events'));
    let spans = 0;
    while (spans === 0) {
      // A drain of nothing gives the event loop no turn.
      await new Promise((resolve) => setImmediate(resolve));
      spans = (await gateway.drain()).spans_exported;
    }
    const span = collector.spans[0]!;
    assert.equal(span.attributes['weighbridge.denied_by'], 'gateway/bearer');
    assert.equal(span.attributes['http.response.status_code'], undefined);
    assert.equal(collector.lines[0]!.attributes.denied_by, 'gateway/bearer');
    client.socket.destroy();
    await until(() => client.ended);
    assert.equal(client.raw, '');
    assert.equal((await gateway.drain()).spans_exported, 0, 'the call was noted once');
    assert.equal(house.origin.received, '');
    await gateway.close();
    await collector.stop();
  });

  test('for chosen controls only; what the listener itself refuses is always answered, and so is being told to wait', async () => {
    const approvers = [{ id: 'ada', secret: 'secret-of-ada-for-tests' }];
    const approval = { above_cents: 50, approvers, answer: 'accepted' as const, file: house.file('waits') };
    const only = await house.gateway(budget, { denials: { silent_drop: { cap_ms: 100, controls: ['budget'] } } });
    assert.equal((await open(only, get('/calendar/events')).untilEnd()).status, 401);
    assert.equal((await house.pay(only, 101)).raw, '');
    const all = await house.gateway({ ...budget, approval }, { denials: { silent_drop: { cap_ms: 100 } } });
    assert.equal((await open(all, get('/../x', await house.as('agent'))).untilEnd()).status, 400);
    assert.equal((await house.pay(all, 60)).status, 202);
    assert.equal((await open(all, get('/calendar/events')).untilEnd()).raw, '');
    assert.equal(house.origin.received, '');
  });

  test('being asked for a nonce is no denial: it is answered, and recorded as a challenge; a proof used twice is not', async () => {
    const file = house.file('audit.jsonl');
    const controls = { audit: { file, mode: 'group_commit' as const } };
    const gateway = await house.gateway(controls, { denials: { silent_drop: { cap_ms: 100 } } });
    const key = await testKey();
    const token = await house.authority.token({ cnf: { jkt: key.jkt } });
    const htu = `${gateway.url}/calendar/events`;
    const proven = async (claims: Record<string, unknown>): Promise<string> => {
      const proof = await testProof(key, { htm: 'GET', htu, token, claims });
      return get('/calendar/events', `Authorization: DPoP ${token}`, `DPoP: ${proof}`);
    };
    const iat = Math.floor(Date.now() / 1_000);
    const asked = await open(gateway, await proven({ iat })).untilEnd();
    assert.deepEqual([asked.status, codeOf(asked)], [401, 'nonce_wanted']);
    const mended = await proven({ iat, nonce: asked.fields.get('dpop-nonce')![0] });
    assert.equal((await open(gateway, mended).untilEnd()).status, 200);
    assert.equal((await open(gateway, mended).untilEnd()).raw, '');
    assert.equal(house.arrived, 1);
    await gateway.drain();
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const denials = lines.map((line) => JSON.parse(line)).filter(({ decision }) => decision === 'deny');
    assert.deepEqual(
      denials.map(({ control, reason, status }) => [control, reason, status]),
      [
        ['gateway/bearer', 'challenge: no nonce in the proof', 401],
        ['gateway/bearer', 'proof replay', 0],
      ],
    );
  });

  test('a body that never ends, or breaks the rules, earns no answer either', async () => {
    const gateway = await house.gateway(
      {},
      {
        denials: { silent_drop: { cap_ms: 60_000 } },
        limits: { request_ms: 300, headers_ms: 200, check_interval_ms: 50 },
      },
    );
    const head = 'POST /search/query HTTP/1.1\r\nHost: gw.test\r\n';
    const slow = open(gateway, `${head}Content-Length: 100\r\n\r\nx`);
    const broken = open(gateway, `${head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n`);
    for (const client of [slow, broken]) assert.equal((await client.untilEnd()).raw, '');
    assert.equal(house.origin.received, '');
  });

  test('a cap that makes no sense is named', () =>
    assert.rejects(house.gateway({}, { denials: { silent_drop: { cap_ms: 0 } } }), {
      code: 'CONFIG',
      where: 'denials.silent_drop.cap_ms',
    }));
});
