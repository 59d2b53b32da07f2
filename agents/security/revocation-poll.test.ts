/** When statuses are asked for, what is withdrawn, and that nothing is sent whose status nobody can say. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { createTelemetry } from '../../collectors/telemetry/index.ts';
import type { Agent } from '../runtime/agent.ts';
import { agentHere, oneByOne, sliceOrder } from '../testing/agents.ts';
import { constantServer } from '../testing/known-servers.ts';
import { type OtlpReceiver, otlpReceiver } from '../testing/otlp.ts';
import { type Rogue, rogueAuthority } from '../testing/rogue-authority.ts';
import { serve, type TestServer } from '../testing/servers.ts';
import { AccessToken } from '../tokens/access-token.ts';
import { RevocationPoll } from './revocation-poll.ts';
import { StatusList } from './status-list.ts';

let bed: Testbed;
before(async () => {
  bed = await startTestbed();
});
after(() => bed.stop());

const s = 1_000_000_000n;
/** 1, 0, 0, 1, 1, 1, 0, 1, … */
const example = new StatusList({ bits: 1, lst: 'eNrbuRgAAhcBXQ' });
const uri = 'https://as.example/statuslists/1';

/** A token of this place in a list; of none where there is no place. */
function tokenAt(idx: number | null, issuedNs = 0n, list = uri): AccessToken {
  const claims = idx === null ? {} : { status: { status_list: { idx, uri: list } } };
  return new AccessToken(
    { access_token: new UnsecuredJWT(claims).encode(), expires_in: 3_600, scope: undefined },
    { sentNs: issuedNs, receivedNs: issuedNs, receivedEpoch_ms: 0 },
  );
}

/** A poll by a clock that is set by hand, and the addresses that it asked. */
function pollBy(interval_s: number, statusList = async (_: string): Promise<StatusList> => example) {
  const clock = { nowNs: 0n };
  const telemetry = createTelemetry({ service: 'weighbridge-agent', instance: 'agent/test', mode: 'off' });
  telemetry.now = () => clock.nowNs;
  const asked: string[] = [];
  const poll = new RevocationPoll({
    interval_s,
    telemetry,
    statusList: (address) => {
      asked.push(address);
      return statusList(address);
    },
  });
  return { poll, clock, asked };
}

describe('statuses are asked for', () => {
  test('before work where one was learnt an interval ago, by its issue or by the last answer; all in one request', async () => {
    const { poll, clock, asked } = pollBy(10);
    const held = [tokenAt(1), tokenAt(2, 5n * s)];
    clock.nowNs = 10n * s - 1n;
    await poll.before(held);
    assert.deepEqual(asked, []);
    clock.nowNs = 10n * s;
    await poll.before(held);
    assert.deepEqual(asked, [uri]);
    clock.nowNs = 20n * s - 1n;
    await poll.before(held);
    assert.equal(asked.length, 1);
    clock.nowNs = 20n * s;
    await poll.before(held);
    assert.equal(asked.length, 2);
  });

  test('after work where it was half of one ago', async () => {
    const { poll, clock, asked } = pollBy(10);
    clock.nowNs = 5n * s - 1n;
    await poll.after([tokenAt(1)]);
    assert.deepEqual(asked, []);
    clock.nowNs = 5n * s;
    await poll.before([tokenAt(1)]);
    assert.deepEqual(asked, []);
    await poll.after([tokenAt(1)]);
    assert.deepEqual(asked, [uri]);
  });

  test('never with an interval of 0, nor of tokens that name no list', async () => {
    const never = pollBy(0);
    const unlisted = pollBy(1);
    for (const { clock } of [never, unlisted]) clock.nowNs = 100n * s;
    await never.poll.before([tokenAt(0)]);
    await unlisted.poll.before([tokenAt(null)]);
    assert.deepEqual([...never.asked, ...unlisted.asked], []);
  });

  test('norm 11: what is revoked is told from what is valid, and from what nobody can say', async () => {
    const dead = 'https://as.example/statuslists/2';
    const { poll, clock, asked } = pollBy(1, async (address) =>
      address === dead ? Promise.reject(new Error('gone')) : example,
    );
    clock.nowNs = s;
    const [revoked, valid, unlisted, ofDead] = [tokenAt(0), tokenAt(1), tokenAt(null), tokenAt(0, 0n, dead)];
    const withdrawn = await poll.before([revoked, valid, unlisted, ofDead]);
    assert.deepEqual([[...withdrawn.revoked], [...withdrawn.unknown]], [[revoked], [ofDead]]);
    const beyond = tokenAt(99);
    clock.nowNs = 2n * s;
    assert.deepEqual([...(await poll.before([beyond])).unknown], [beyond]);
    assert.deepEqual(asked, [uri, dead, uri]);
  });
});

describe('an agent whose authority', () => {
  let tool: TestServer;
  let right: JWK;
  let sign: (claims: { subject: string; kid?: string; exp?: number }) => Promise<string>;
  before(async () => {
    tool = await constantServer(0);
    const [ours, others] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    right = { ...(await exportJWK(ours.publicKey)), kid: 'right', alg: 'ES256' };
    const noneRevoked = deflateSync(Buffer.alloc(8)).toString('base64url');
    sign = ({ subject, kid = 'right', exp = 60 }) =>
      new SignJWT({ status_list: { bits: 1, lst: noneRevoked } })
        .setProtectedHeader({ alg: 'ES256', typ: 'statuslist+jwt', kid: 'right' })
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1_000) + exp)
        .sign(kid === 'right' ? ours.privateKey : others.privateKey);
  });
  after(() => tool.close());

  type List = NonNullable<Rogue['statusList']>;
  const listed = (answer: List['answer'], at: List['uri'] = (issuer) => `${issuer}/statuslists/1`): Rogue => ({
    statusList: { uri: at, answer, jwks: [right] },
  });

  /** Which tokens the tool was shown, by two slices with an interval between them. */
  async function shown(rogue: Rogue, between: () => void = () => {}): Promise<{ tokens: number; outcomes: string[] }> {
    await using authority = await rogueAuthority(rogue);
    const agent = await agentHere(bed, 'on', {
      issuer: authority.url,
      directory: { 'tools.weighbridge.test': tool.url },
      settings: { 'security.oauth.revocation_poll_interval': 1 },
    });
    try {
      const slice = () => agent.runSlice(sliceOrder(oneByOne(1, ['search.query'])));
      const from = tool.requests.length;
      const reports = [await slice()];
      await sleep(1_000);
      between();
      reports.push(await slice());
      const sent = new Set(tool.requests.slice(from).map((req) => req.headers.authorization));
      const outcomes = reports.flatMap(({ calls }) => calls.map((c) => `${c.outcome} ${c.error_type}`));
      return { tokens: sent.size, outcomes };
    } finally {
      await agent.close();
    }
  }

  test('lists its token as valid goes on with it', async () => {
    const { tokens, outcomes } = await shown(
      listed(async (subject) => ({ status: 200, body: await sign({ subject }) })),
    );
    assert.deepEqual([tokens, outcomes], [1, ['ok null', 'ok null']]);
  });

  for (const [says, rogue] of [
    ['has no list', () => listed(async () => ({ status: 404, body: '' }))],
    ['answers anything', () => listed(async () => ({ status: 200, body: 'a.b.c' }))],
    [
      'is not who signed it',
      () => listed(async (subject) => ({ status: 200, body: await sign({ subject, kid: 'x' }) })),
    ],
    ['gives another list', () => listed(async () => ({ status: 200, body: await sign({ subject: 'urn:other' }) }))],
    [
      'gives one that is over',
      () => listed(async (subject) => ({ status: 200, body: await sign({ subject, exp: -60 }) })),
    ],
  ] as const) {
    test(`${says}: the token is not sent again, a new one is`, async () => {
      const { tokens, outcomes } = await shown(rogue());
      assert.deepEqual([tokens, outcomes], [2, ['ok null', 'ok null']]);
    });
  }

  test('names a list elsewhere: nobody is dialled there, and the token is not sent again', async () => {
    await using elsewhere = await serve((_req, res) => void res.writeHead(200).end());
    const { tokens } = await shown(
      listed(
        async () => ({ status: 200, body: '' }),
        () => `${elsewhere.url}/statuslists/1`,
      ),
    );
    assert.deepEqual([tokens, elsewhere.requests.length], [2, 0]);
  });

  test('norm 11: says nothing at all, of tokens neither old nor new: the call fails closed, and nothing goes out', async () => {
    let refuses = false;
    const rogue: Rogue = {
      ...listed(async () => ({ status: 503, body: '' })),
      refuseRefresh: () => (refuses ? { status: 503, error: 'temporarily_unavailable' } : null),
    };
    const { tokens, outcomes } = await shown(rogue, () => {
      refuses = true;
    });
    assert.deepEqual([tokens, outcomes], [1, ['ok null', 'failed refresh_refused']]);
  });
});

describe('the poll’s own telemetry', () => {
  let receiver: OtlpReceiver;
  let agent: Agent;
  before(async () => {
    receiver = await otlpReceiver();
    agent = await agentHere(bed, 'on', {
      telemetry: { service: 'weighbridge-agent', instance: 'agent/test', mode: 'light', otlp: receiver.url },
      settings: { 'security.oauth.revocation_poll_interval': 1 },
    });
  });
  after(async () => {
    await agent.close();
    await receiver.close();
  });

  test('is a span in a trace of its own and a line that says what was withdrawn', async () => {
    await agent.runSlice(sliceOrder(oneByOne(1, ['search.query'])));
    await bed.authControl.call('revoke', { client_id: 'agent' });
    await sleep(1_000);
    const { calls } = await agent.runSlice(sliceOrder(oneByOne(1, ['search.query'])));
    await agent.drain();
    const polls = receiver.spans.filter(({ name }) => name === 'revocation poll');
    assert.deepEqual([...new Set(polls.map((p) => `${p.parentSpanId} ${p.kind} ${p.error}`))], [' 3 false']);
    const lines = receiver.lines.filter(({ fields }) => fields.revoked === '9');
    assert.deepEqual(
      lines.map(({ fields }) => [fields.body, fields.held, fields.unknown]),
      [['revocation poll', '9', '0']],
    );
    const poll = polls.find(({ spanId, traceId }) => spanId === lines[0]!.spanId && traceId === lines[0]!.traceId)!;
    assert.ok(calls.every(({ trace_id }) => trace_id !== poll.traceId));
    assert.ok(poll.endNs <= calls[0]!.start_ns, 'it is over before the first call begins');
  });
});
