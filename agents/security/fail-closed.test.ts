/** What an agent does when no token will do: it stops, it wipes, it does not try for ever. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AgentControls } from '#contract/config.ts';
import { denialDescription } from '#contract/tools.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { agentHere, type Overrides, oneByOne, plannedTask, sliceOrder } from '../testing/agents.ts';
import { type Rogue, type RogueAuthority, rogueAuthority } from '../testing/rogue-authority.ts';
import { serve, type TestServer } from '../testing/servers.ts';

let bed: Testbed;
before(async () => {
  bed = await startTestbed();
});
after(() => bed.stop());

const directoryTo = (url: string): Record<string, string> => ({ 'tools.weighbridge.test': url });
const challenge = (status: number, header: string): Promise<TestServer> =>
  serve((_req, res) => void res.writeHead(status, { 'www-authenticate': header }).end());
const refusesAll = () =>
  challenge(401, `Bearer error="invalid_token", error_description="${denialDescription.revoked}"`);

describe('a tool that refuses every token', () => {
  for (const [controls, outcome] of [
    ['on', 'the task ends'],
    ['off', 'the next call is tried'],
    ['regressed', 'the next call is tried'],
  ] as const) {
    test(`controls ${controls}: one retry, then ${outcome}`, async () => {
      await using tool = await refusesAll();
      const agent = await agentHere(bed, controls, { directory: directoryTo(tool.url) });
      try {
        const tasks = [plannedTask([['search.query'], ['search.query', 'mail.list_messages']]), ...oneByOne(1)];
        const { calls, attempts } = await agent.runSlice(sliceOrder(tasks));
        const [first, second, third, nextTask] = calls.sort((a, b) => a.position - b.position);
        assert.deepEqual([first!.outcome, first!.denied_by, first!.error_type], ['denied', 'tool', 'unauthorized']);
        assert.deepEqual([first!.attempts, first!.unauthorized, first!.status], [2, 2, 401]);
        for (const call of [second!, third!]) {
          const expected = controls === 'on' ? ['agent/fail_closed', 0, null] : ['tool', 2, 401];
          assert.deepEqual([call.denied_by, call.attempts, call.status], expected);
          assert.equal(call.error_type, 'unauthorized');
          assert.ok(call.start_ns >= call.due_ns && call.end_ns >= call.start_ns);
        }
        assert.equal(nextTask!.attempts, 2, 'another task is another matter');
        assert.equal(tool.requests.length, attempts.length);
      } finally {
        await agent.close();
      }
    });
  }

  test('security.oauth.fail_closed_on_auth_error off: the task goes on', async () => {
    await using tool = await refusesAll();
    const settings = { 'security.oauth.fail_closed_on_auth_error': false };
    const agent = await agentHere(bed, 'on', { directory: directoryTo(tool.url), settings });
    try {
      const { calls } = await agent.runSlice(sliceOrder([plannedTask([['search.query'], ['search.query']])]));
      assert.deepEqual(
        calls.map((c) => c.attempts),
        [2, 2],
      );
    } finally {
      await agent.close();
    }
  });
});

test('controls on: 403 insufficient_scope on a token with that very scope ends the task', async () => {
  await using tool = await challenge(403, 'Bearer error="insufficient_scope", scope="read:search"');
  const agent = await agentHere(bed, 'on', { directory: directoryTo(tool.url) });
  try {
    const { calls, attempts } = await agent.runSlice(sliceOrder([plannedTask([['search.query'], ['search.query']])]));
    assert.deepEqual(
      calls.map((c) => [c.outcome, c.denied_by, c.error_type, c.attempts]),
      [
        ['denied', 'tool', 'insufficient_scope', 1],
        ['denied', 'agent/fail_closed', 'insufficient_scope', 0],
      ],
    );
    assert.equal(attempts[0]!.cause, 'scope');
  } finally {
    await agent.close();
  }
});

test('a 403 that is no challenge is an answer like any other: the task goes on', async () => {
  await using tool = await serve((_req, res) => void res.writeHead(403).end());
  const agent = await agentHere(bed, 'on', { directory: directoryTo(tool.url) });
  try {
    const { calls } = await agent.runSlice(sliceOrder([plannedTask([['search.query'], ['search.query']])]));
    for (const call of calls) {
      assert.deepEqual([call.outcome, call.error_type, call.attempts], ['denied', 'forbidden', 1]);
    }
  } finally {
    await agent.close();
  }
});

async function atRogue(
  controls: AgentControls,
  rogue: Rogue,
  work: (agent: Awaited<ReturnType<typeof agentHere>>, authority: RogueAuthority, tool: TestServer) => Promise<void>,
  overrides: Overrides = {},
): Promise<void> {
  await using tool = await refusesAll();
  await using authority = await rogueAuthority(rogue);
  const agent = await agentHere(bed, controls, {
    issuer: authority.url,
    directory: directoryTo(tool.url),
    ...overrides,
  });
  try {
    await work(agent, authority, tool);
  } finally {
    await agent.close();
  }
}

describe('norm 9: invalid_grant', () => {
  for (const controls of ['on', 'off', 'regressed'] as const) {
    test(`controls ${controls}: the grant is gone, and nobody asks again`, async () => {
      let dead = false;
      const rogue: Rogue = { refuseRefresh: () => (dead ? { status: 400, error: 'invalid_grant' } : null) };
      await atRogue(controls, rogue, async (agent, authority, tool) => {
        dead = true;
        const before = authority.tokenRequests.length;
        const { calls } = await agent.runSlice(
          sliceOrder([plannedTask([['search.query'], ['search.query']]), ...oneByOne(3)]),
        );
        assert.equal(authority.tokenRequests.length - before, 1);
        assert.deepEqual([calls[0]!.outcome, calls[0]!.error_type], ['failed', 'invalid_grant']);
        assert.deepEqual([calls[0]!.attempts, calls[0]!.unauthorized], [1, 1]);
        if (controls !== 'on') return;
        assert.deepEqual([calls[1]!.denied_by, calls[1]!.error_type], ['agent/fail_closed', 'invalid_grant']);
        for (const call of calls.slice(2)) assert.deepEqual([call.error_type, call.attempts], ['no_grant', 0]);
        assert.equal(tool.requests.length, 1, 'cached tokens of other scopes were wiped too');
      });
    });
  }
});

test('an authority that fails is no end of the grant: the next call asks again', async () => {
  let failing = true;
  const rogue: Rogue = { refuseRefresh: () => (failing ? { status: 500, error: 'server_error' } : null) };
  failing = false;
  await atRogue('off', rogue, async (agent) => {
    failing = true;
    const first = await agent.runSlice(sliceOrder(oneByOne(1)));
    assert.equal(first.calls[0]!.error_type, 'refresh_refused');
    failing = false;
    const second = await agent.runSlice(sliceOrder(oneByOne(1)));
    assert.equal(second.calls[0]!.attempts, 2);
  });
});

describe('norms 7, 8: a token with other scopes than asked for', () => {
  const broad: Rogue = { scopes: 'read:search write:payments' };
  for (const [name, rogue] of Object.entries({
    'that the answer owns up to': { ...broad, answeredScope: 'read:search write:payments' },
    'of which the answer says nothing': { ...broad, answeredScope: null },
    'that the answer denies': broad,
    'that is right, in an answer that says otherwise': { answeredScope: 'read:search write:payments' },
    'that lacks what was asked for': { scopes: '' },
  })) {
    test(`${name} is refused on receipt`, async () => {
      await assert.rejects(
        atRogue('on', rogue, async () => {}),
        /scopes are not those that were asked for/,
      );
    });
  }

  test('security.oauth.scope_hash_validation off: it is used, and shows in the rows', async () => {
    const work: Parameters<typeof atRogue>[2] = async (agent) => {
      const { attempts } = await agent.runSlice(sliceOrder(oneByOne(1, ['search.query'])));
      assert.equal(attempts[0]!.scope_excess, 1);
    };
    await atRogue('on', broad, work, { settings: { 'security.oauth.scope_hash_validation': false } });
  });

  test('one that comes later fails the call closed, and is not sent', async () => {
    const rogue: Rogue = {};
    await atRogue('on', rogue, async (agent, _authority, tool) => {
      rogue.scopes = 'read:search write:payments';
      const { calls } = await agent.runSlice(sliceOrder([plannedTask([['search.query'], ['search.query']])]));
      assert.deepEqual(
        calls.map((c) => [c.outcome, c.denied_by, c.error_type, c.attempts]),
        [
          ['denied', 'agent/scope_hash', 'scope_mismatch', 1],
          ['denied', 'agent/fail_closed', 'scope_mismatch', 0],
        ],
      );
      assert.equal(tool.requests.length, 1);
    });
  });
});
