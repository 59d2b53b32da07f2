import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, mock, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SliceReport } from '#contract/calls.ts';
import type { AgentControls } from '#contract/config.ts';
import { allScopes } from '#contract/tools.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import type { Agent } from '../runtime/agent.ts';
import { agentHere, everyOperation, type Overrides, oneByOne, plannedTask, sliceOrder } from '../testing/agents.ts';
import { ok } from '../testing/known-servers.ts';
import { serve } from '../testing/servers.ts';
import { type TokenRequests, watchTokenRequests } from '../testing/token-requests.ts';

const hour_ms = 3_600_000;

let bed: Testbed;
let agent: Agent | undefined;
let watched: TokenRequests;
before(async () => {
  bed = await startTestbed();
});
after(() => bed.stop());
beforeEach(async () => {
  await bed.authControl.call('set_ttl', { access_token_ttl_ms: hour_ms });
  watched = watchTokenRequests();
});
afterEach(async () => {
  watched[Symbol.dispose]();
  await agent?.close();
  agent = undefined;
});

async function start(controls: AgentControls, overrides: Overrides = {}): Promise<Agent> {
  agent = await agentHere(bed, controls, overrides);
  return agent;
}
const revoke = () => bed.authControl.call('revoke', { client_id: 'agent' });
const refreshes = (): URLSearchParams[] => watched.sent.filter((form) => form.get('grant_type') === 'refresh_token');

/** New tokens that live this long, and the wait until they are over: an expiry cannot be had faster. */
async function expire(of: Agent, ttl_ms = 250): Promise<void> {
  await bed.authControl.call('set_ttl', { access_token_ttl_ms: ttl_ms });
  await of.renew();
  await bed.authControl.call('set_ttl', { access_token_ttl_ms: hour_ms });
  await sleep(ttl_ms + 20);
}

const causes = (report: SliceReport): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status, cause } of report.attempts) {
    if (cause) counts[`${status} ${cause}`] = (counts[`${status} ${cause}`] ?? 0) + 1;
  }
  return counts;
};
const overBroad = (report: SliceReport) => report.attempts.filter((a) => a.scope_excess! > 0);
function allServed(report: SliceReport): void {
  assert.deepEqual([...new Set(report.calls.map((c) => `${c.outcome} ${c.error_type}`))], ['ok null']);
}
/** What the rows say of 401s and attempts is what the attempts are. */
function consistent(report: SliceReport): void {
  for (const call of report.calls) {
    const own = report.attempts.filter((a) => a.call_id === call.call_id);
    assert.equal(call.attempts, own.length);
    assert.equal(call.unauthorized, own.filter((a) => a.status === 401).length);
    assert.deepEqual(
      own.map((a) => a.attempt),
      own.map((_, i) => i + 1),
    );
  }
}
function noReuse(): void {
  const sent = refreshes().map((form) => form.get('refresh_token'));
  assert.equal(new Set(sent).size, sent.length, 'a refresh token was sent twice');
}

describe('controls off', () => {
  test('one token with all scopes serves every call: over-broad by design', async () => {
    const report = await (await start('off')).runSlice(sliceOrder(oneByOne(12)));
    allServed(report);
    assert.equal(refreshes().length, 1);
    assert.equal(refreshes()[0]!.get('scope'), allScopes.join(' '));
    for (const attempt of report.attempts) assert.equal(attempt.scope_excess, allScopes.length - 1);
  });

  test('sixteen calls with an expired token: each sees one 401, and one refresh serves all', async () => {
    const off = await start('off');
    await expire(off);
    const before = refreshes().length;
    const report = await off.runSlice(sliceOrder(oneByOne(16), { concurrency: 16 }));
    allServed(report);
    consistent(report);
    assert.equal(refreshes().length - before, 1);
    assert.deepEqual(causes(report), { '401 expired': 16 });
    for (const call of report.calls) assert.deepEqual([call.attempts, call.unauthorized], [2, 1]);
  });

  test('a revoked token: refresh, retry once', async () => {
    const off = await start('off');
    await revoke();
    const report = await off.runSlice(sliceOrder(oneByOne(3)));
    allServed(report);
    assert.deepEqual(causes(report), { '401 revoked': 1 });
  });
});

describe('controls on', () => {
  test('norms 4, 7, 8: each refresh asks for one scope, and every token has exactly that', async () => {
    const report = await (await start('on')).runSlice(sliceOrder(oneByOne(24), { concurrency: 4 }));
    allServed(report);
    assert.deepEqual(
      refreshes()
        .map((form) => form.get('scope'))
        .sort(),
      [...allScopes].sort(),
    );
    for (const attempt of report.attempts) assert.equal(attempt.scope_excess, 0);
  });

  test('norms 5, 6: under 2 s tokens and 16 calls at once, one redemption at a time and none twice', async () => {
    await bed.authControl.call('set_ttl', { access_token_ttl_ms: 2_000 });
    const on = await start('on');
    const first = refreshes().length;
    for (const started = Date.now(); Date.now() - started < 4_500; ) {
      const report = await on.runSlice(sliceOrder(oneByOne(64), { concurrency: 16 }));
      allServed(report);
      consistent(report);
      assert.deepEqual(overBroad(report), []);
    }
    assert.ok(refreshes().length >= first + 2 * allScopes.length, `${refreshes().length} refreshes`);
    assert.equal(watched.mostAtOnce, 1);
    noReuse();
  });

  test('norm 11: an expired token is not sent; without expiry polling it is', async () => {
    const on = await start('on');
    await expire(on);
    const polled = await on.runSlice(sliceOrder(oneByOne(12)));
    allServed(polled);
    assert.deepEqual(causes(polled), {});
    await on.close();

    const without = await start('on', { settings: { 'security.oauth.expiry_polling': false } });
    await expire(without);
    const unpolled = await without.runSlice(sliceOrder(oneByOne(12)));
    allServed(unpolled);
    assert.deepEqual(causes(unpolled), { '401 expired': allScopes.length });
  });

  test('norm 11: a revoked token that was polled for is not sent; where nobody polls it is, once', async () => {
    const key = 'security.oauth.revocation_poll_interval';
    const [polling, without] = await Promise.all(
      [1, 0].map((every_s) => agentHere(bed, 'on', { settings: { [key]: every_s } })),
    );
    try {
      await revoke();
      // Tokens are older than the interval from here on.
      await sleep(1_000);
      const polled = await polling!.runSlice(sliceOrder(oneByOne(12)));
      allServed(polled);
      assert.deepEqual(causes(polled), {});
      assert.equal(polled.attempts.length, 12);
      const unpolled = await without!.runSlice(sliceOrder(oneByOne(12)));
      allServed(unpolled);
      assert.deepEqual(causes(unpolled), { '401 revoked': 1 });
      assert.ok(watched.statusLists >= 1);
    } finally {
      await Promise.all([polling!.close(), without!.close()]);
    }
  });

  test('norm 11: nothing is asked within a slice, however long it lasts; it is when the slice has ended', async () => {
    const askedBefore: number[] = [];
    await using tool = await serve((_req, res) => {
      askedBefore.push(watched.statusLists);
      ok(res);
    });
    const on = await start('on', {
      settings: { 'security.oauth.revocation_poll_interval': 1 },
      directory: { 'tools.weighbridge.test': tool.url },
    });
    const task = plannedTask([['search.query'], ['search.query'], ['search.query']]);
    allServed(await on.runSlice(sliceOrder([task], { think_time_us: 700_000 })));
    assert.equal(askedBefore.length, 3);
    assert.equal(askedBefore[2], askedBefore[0]);
    assert.equal(watched.statusLists, askedBefore[0]! + 1);
  });

  test('norm 11: after one token is found revoked its siblings are not sent; without expiry polling they are', async () => {
    const on = await start('on');
    await revoke();
    const polled = await on.runSlice(sliceOrder(oneByOne(12)));
    allServed(polled);
    assert.deepEqual(causes(polled), { '401 revoked': 1 });
    await on.close();

    const without = await start('on', { settings: { 'security.oauth.expiry_polling': false } });
    await revoke();
    const unpolled = await without.runSlice(sliceOrder(oneByOne(12)));
    allServed(unpolled);
    assert.deepEqual(causes(unpolled), { '401 revoked': allScopes.length });
  });

  test('a token in use is replaced before it ends, by a timer, while no call asks for one', async () => {
    const on = await start('on');
    await bed.authControl.call('set_ttl', { access_token_ttl_ms: 1_000 });
    await on.renew();
    const before = refreshes().length;
    // One call, then a pause within the slice: the refresh comes at 0.8 s, long before the second call is due.
    const [task] = [plannedTask([['search.query'], ['search.query']])];
    const report = await on.runSlice(sliceOrder([task], { think_time_us: 1_300_000 }));
    allServed(report);
    assert.deepEqual(
      refreshes()
        .slice(before)
        .map((form) => form.get('scope')),
      ['read:search'],
    );
    assert.deepEqual(causes(report), {});
  });

  for (const [direction, jump_ms] of [
    ['forward', 86_400_000],
    ['back', -86_400_000],
  ] as const) {
    test(`norm 11: a wall clock that jumps ${direction} by a day: refreshed ahead by the timer, nothing refused`, async () => {
      const on = await start('on');
      await bed.authControl.call('set_ttl', { access_token_ttl_ms: 3_000 });
      await on.renew();
      const before = refreshes().length;
      mock.timers.enable({ apis: ['Date'], now: Date.now() + jump_ms });
      try {
        // One call, then a pause: the timer refreshes at 2.4 s, and the second call meets the new token.
        const task = plannedTask([['search.query'], ['search.query']]);
        const report = await on.runSlice(sliceOrder([task], { think_time_us: 2_700_000 }));
        allServed(report);
        assert.deepEqual(causes(report), {});
      } finally {
        mock.timers.reset();
      }
      // The authority refuses the first one's proof for its time; the agent makes it again by the authority's clock.
      const sent = refreshes().slice(before);
      assert.deepEqual(
        sent.map((form) => form.get('scope')),
        ['read:search', 'read:search'],
      );
      assert.equal(sent[0]!.get('refresh_token'), sent[1]!.get('refresh_token'));
    });
  }

  test('a revocation under 16 calls at once: every call is served, one refresh at a time', async () => {
    const on = await start('on');
    const [report] = await Promise.all([on.runSlice(sliceOrder(oneByOne(200), { concurrency: 16 })), revoke()]);
    const next = await on.runSlice(sliceOrder(oneByOne(32), { concurrency: 16 }));
    for (const slice of [report, next]) {
      allServed(slice);
      consistent(slice);
      assert.deepEqual(overBroad(slice), []);
    }
    assert.ok((causes(report)['401 revoked'] ?? 0) + (causes(next)['401 revoked'] ?? 0) > 0);
    assert.equal(watched.mostAtOnce, 1);
    noReuse();
  });

  test('security.oauth.serialize_refresh off: overlapping redemptions end the grant', async () => {
    const on = await start('on', { settings: { 'security.oauth.serialize_refresh': false } });
    await revoke();
    const report = await on.runSlice(sliceOrder(oneByOne(12), { concurrency: 12 }));
    assert.ok(watched.mostAtOnce > 1);
    assert.ok(report.calls.some((c) => c.error_type === 'invalid_grant'));
  });
});

describe('controls regressed', () => {
  test('alone, a plugin gets what it asked for, through expiry and revocation', async () => {
    const regressed = await start('regressed');
    const reports = [await regressed.runSlice(sliceOrder(oneByOne(12)))];
    await revoke();
    reports.push(await regressed.runSlice(sliceOrder(oneByOne(24))));
    await expire(regressed);
    reports.push(await regressed.runSlice(sliceOrder(oneByOne(24))));
    for (const report of reports) {
      allServed(report);
      consistent(report);
      assert.deepEqual(overBroad(report), []);
    }
    assert.deepEqual(causes(reports[1]!), { '401 revoked': 7 });
    assert.deepEqual(causes(reports[2]!), { '401 expired': 7 });
  });

  /** Whose refresh is first is a matter of chance: a reader is at risk only where a writer's is. */
  async function untilServedTooBroadly(regressed: Agent, calls: number, names: string[]): Promise<SliceReport[]> {
    const reports: SliceReport[] = [];
    for (let episode = 0; episode < 20; episode++) {
      await revoke();
      const report = await regressed.runSlice(sliceOrder(oneByOne(calls, names), { concurrency: calls }));
      reports.push(report);
      if (overBroad(report).some((a) => a.status === 200)) return reports;
    }
    assert.fail('no reader was served with a writer’s token in 20 episodes');
  }

  test('while refreshes of different scopes overlap, plugins are served with tokens that they did not ask for', async () => {
    const names = ['calendar.create_event', 'calendar.list_events', 'mail.send_message', 'mail.list_messages'];
    const reports = await untilServedTooBroadly(await start('regressed'), 16, names);
    for (const report of reports) {
      consistent(report);
      allServed(report);
    }
    assert.equal(watched.mostAtOnce, 1, 'the race is in the sharing, not in the redemption');
    noReuse();
  });

  test('who joins a refresh of other scopes is refused for the lack of its own, and asks again', async () => {
    // Readers alone: none of their refreshes has another's scope, so whoever joins one meets a 403.
    const names = ['calendar.list_events', 'mail.list_messages', 'files.read_file', 'search.query'];
    const regressed = await start('regressed');
    for (let episode = 0; episode < 20; episode++) {
      await revoke();
      const report = await regressed.runSlice(sliceOrder(oneByOne(16, names), { concurrency: 16 }));
      allServed(report);
      if (causes(report)['403 scope']! > 0) return;
    }
    assert.fail('nobody was handed a token without its scope in 20 episodes');
  });

  test('a token handed out wrongly stays with the plugin until it is refused', async () => {
    const regressed = await start('regressed');
    await untilServedTooBroadly(regressed, 2, ['calendar.create_event', 'calendar.list_events']);
    const later = await regressed.runSlice(sliceOrder(oneByOne(3, ['calendar.list_events'])));
    allServed(later);
    assert.deepEqual(
      later.attempts.map((a) => a.scope_excess),
      [1, 1, 1],
    );
  });

  test('security.oauth.scope_hash_validation alone stops the leak, and the calls with it', async () => {
    const regressed = await start('regressed', { settings: { 'security.oauth.scope_hash_validation': true } });
    await revoke();
    const report = await regressed.runSlice(sliceOrder(oneByOne(16), { concurrency: 16 }));
    assert.deepEqual(overBroad(report), []);
    const stopped = report.calls.filter((c) => c.denied_by === 'agent/scope_hash');
    assert.ok(stopped.length > 0);
    for (const call of stopped) assert.deepEqual([call.outcome, call.error_type], ['denied', 'scope_mismatch']);
  });
});

test('the three columns do the same calls to the same effect', async () => {
  const digests: string[] = [];
  for (const controls of ['off', 'on', 'regressed'] as const) {
    await bed.toolsControl.call('effects');
    const report = await (await start(controls)).runSlice(sliceOrder(oneByOne(everyOperation.length)));
    allServed(report);
    const { effects, requests } = await bed.toolsControl.call('effects');
    assert.equal(requests, everyOperation.length);
    digests.push(effects.map((e) => `${e.tool}.${e.operation} ${e.digest}`).join('\n'));
    await agent!.close();
  }
  assert.equal(new Set(digests).size, 1);
});
