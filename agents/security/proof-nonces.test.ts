/** Nonces of servers (RFC 9449 §8, §9): the real authority and the real tools, which take no proof without one of theirs. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { SliceReport } from '#contract/calls.ts';
import { allScopes } from '#contract/tools.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import type { Agent } from '../runtime/agent.ts';
import { agentHere, type Overrides, oneByOne, plannedTask, sliceOrder } from '../testing/agents.ts';
import { serve } from '../testing/servers.ts';
import { watchTokenRequests } from '../testing/token-requests.ts';
import { ProofNonces } from './proof-nonces.ts';

let bed: Testbed;
let agent: Agent | undefined;
before(async () => {
  bed = await startTestbed({ nonces: true });
});
after(() => bed.stop());
afterEach(async () => {
  await agent?.close();
  agent = undefined;
});

async function start(change: Overrides = {}): Promise<Agent> {
  agent = await agentHere(bed, 'on', change);
  return agent;
}
const refusals = ({ attempts }: SliceReport): string[] =>
  attempts.flatMap(({ status, cause }) => (cause === null ? [] : [`${status} ${cause}`]));
const outcomes = ({ calls }: SliceReport): string[] => [...new Set(calls.map((c) => `${c.outcome} ${c.error_type}`))];

describe('an agent at servers that want nonces', () => {
  test('each refusal of the authority is mended once, and the nonce remembered: one refresh token, one redemption', async () => {
    using watched = watchTokenRequests();
    await start();
    const grants = watched.sent.map((form) => form.get('grant_type'));
    // The code once more with the nonce; from then on every refresh has it from the start.
    assert.deepEqual(grants, [
      'authorization_code',
      'authorization_code',
      ...Array.from({ length: allScopes.length }, () => 'refresh_token'),
    ]);
    const [first, second] = watched.sent;
    assert.equal(first!.get('code'), second!.get('code'));
  });

  test('the first call meets a 401 of its own cause, which is no expiry, and is served with the same token', async () => {
    const on = await start();
    using watched = watchTokenRequests();
    const report = await on.runSlice(sliceOrder(oneByOne(12)));
    assert.deepEqual(outcomes(report), ['ok null']);
    assert.deepEqual(refusals(report), ['401 nonce']);
    assert.deepEqual(
      report.calls.map(({ attempts, unauthorized }) => [attempts, unauthorized]),
      [[2, 1], ...Array.from({ length: 11 }, () => [1, 0])],
    );
    assert.deepEqual(watched.sent, [], 'no token was fetched anew');
  });

  test('many at once: each is refused once at most, none is lost, none doubts its token', async () => {
    const on = await start();
    using watched = watchTokenRequests();
    const report = await on.runSlice(sliceOrder(oneByOne(48), { concurrency: 16 }));
    assert.deepEqual(outcomes(report), ['ok null']);
    assert.deepEqual([...new Set(refusals(report))], ['401 nonce']);
    assert.ok(report.calls.every(({ attempts }) => attempts <= 2));
    assert.deepEqual(watched.sent, []);
  });

  test('tokens that are bound to no key need no proof, and so no nonce', async () => {
    const on = await start({ settings: { 'security.oauth.token_binding': 'off' } });
    const report = await on.runSlice(sliceOrder(oneByOne(3)));
    assert.deepEqual([outcomes(report), refusals(report)], [['ok null'], []]);
  });
});

describe('a server that wants ever another nonce', () => {
  const asking = (nonce?: string) =>
    serve((_req, res) => {
      const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', ...(nonce && { 'dpop-nonce': nonce }) };
      res.writeHead(401, headers).end();
    });

  test('is asked twice, not for ever, and the task ends; the token is not blamed', async () => {
    await using tool = await asking('never-enough');
    const on = await start({ directory: { 'tools.weighbridge.test': tool.url } });
    using watched = watchTokenRequests();
    const report = await on.runSlice(sliceOrder([plannedTask([['search.query'], ['search.query']])]));
    assert.deepEqual(
      report.calls.map((c) => [c.outcome, c.denied_by, c.error_type, c.attempts, c.unauthorized]),
      [
        ['denied', 'tool', 'unauthorized', 2, 2],
        ['denied', 'agent/fail_closed', 'unauthorized', 0, 0],
      ],
    );
    assert.deepEqual(refusals(report), ['401 nonce', '401 nonce']);
    assert.equal(tool.requests.length, 2);
    assert.deepEqual(watched.sent, []);
  });

  test('what breaks the grammar of a nonce is signed by nobody', async () => {
    const proofs: string[] = [];
    await using tool = await serve((req, res) => {
      proofs.push(String(req.headers.dpop));
      const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'a"b' };
      res.writeHead(401, headers).end();
    });
    const on = await start({ directory: { 'tools.weighbridge.test': tool.url } });
    await on.runSlice(sliceOrder([plannedTask([['search.query']])]));
    for (const proof of proofs) {
      assert.equal('nonce' in JSON.parse(Buffer.from(proof.split('.')[1]!, 'base64url').toString()), false);
    }
    assert.equal(proofs.length, 2);
  });
});

test('the newest of each server is kept, whichever answer it came with; one server’s is not another’s', () => {
  const nonces = new ProofNonces();
  nonces.note('http://a', 'one');
  nonces.note('http://b', 'two');
  nonces.note('http://a', 'three');
  for (const none of [undefined, null, '', 'with space', 'a"b', 'a\\b', 'x'.repeat(257)]) nonces.note('http://a', none);
  assert.deepEqual([nonces.of('http://a'), nonces.of('http://b'), nonces.of('http://c')], ['three', 'two', undefined]);
});
