import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import { workloads } from '../workloads/index.ts';
import { parseCampaign } from './config/index.ts';
import { hasSecurity, planInputOf } from './input.ts';
import { blockPlan, planDigest, roundOrders } from './plan.ts';

const input = (seed: string) => planInputOf(parseCampaign('version: 1\n', 'test', { seed }), workloads);

test('one seed plans the same calls in the same order; another seed does not', () => {
  assert.deepEqual(blockPlan(input('a'), 3), blockPlan(input('a'), 3));
  assert.equal(planDigest(input('a')), planDigest(input('a')));
  assert.notEqual(planDigest(input('a')), planDigest(input('b')));
});

test('every arm of a round gets the same tasks, and call ids are unique within a block', () => {
  const plan = blockPlan(input('a'), 0);
  const ids = plan.sessions.flatMap((s) =>
    s.rounds.flatMap((r) => r.tasks.flatMap((t) => t.stages.flat().map((c) => c.call_id))),
  );
  assert.equal(new Set(ids).size, ids.length);
  for (const session of plan.sessions)
    for (const round of session.rounds) assert.equal(new Set(round.order).size, round.order.length);
});

test('the first condition of each protocol is warmed up at length, every other one shortly', () => {
  const text = 'conditions: [{}, {service: realistic}, {protocol: https}, {service: realistic, protocol: https}]';
  const plan = blockPlan(planInputOf(parseCampaign(text), workloads, ['latency']), 0);
  assert.deepEqual(
    plan.sessions.map((s) => [s.condition, s.warm_up.length]),
    [
      ['instant/c1/http', 6],
      ['realistic/c1/http', 1],
      ['instant/c1/https', 6],
      ['realistic/c1/https', 1],
    ],
  );
});

test('no arm follows itself from one round into the next', () => {
  const orders = roundOrders(seededRandom('x'), ['a', 'b', 'c'], 500);
  for (let i = 1; i < orders.length; i++) assert.notEqual(orders[i]![0], orders[i - 1]!.at(-1));
});

test('the first places of the orders are spread over the arms', () => {
  const firsts = new Map<string, number>();
  for (const order of roundOrders(seededRandom('y'), ['a', 'b', 'c', 'd', 'e', 'f'], 3_000))
    firsts.set(order[0]!, (firsts.get(order[0]!) ?? 0) + 1);
  for (const n of firsts.values()) assert.ok(n > 400 && n < 600, `${[...firsts]}`);
});

test('the regressed agent takes part in lifecycle alone, where a revocation falls on either leg while its tokens are young', () => {
  const plan = blockPlan(input('a'), 0);
  for (const s of plan.sessions)
    assert.equal(
      s.rounds.every((r) => r.order.includes('native-regressed')),
      s.phase === 'lifecycle',
    );
  const lifecycle = plan.sessions.find((s) => s.phase === 'lifecycle')!;
  assert.deepEqual(lifecycle.faults, [
    { round: 1, leg: 'gateway' },
    { round: 4, leg: 'agent' },
  ]);
});

test('arms that are watched otherwise take part in latency alone, and change nothing of the other phases', () => {
  const phases = ['latency', 'lifecycle', 'correlation', 'load'];
  const planOf = (arms: string) => blockPlan(planInputOf(parseCampaign(`arms: [${arms}]`), workloads, phases), 0);
  const plan = planOf('gateway, direct-untraced, passthrough-full-sdk');
  const without = planOf('gateway');
  for (const s of plan.sessions) {
    const there = s.rounds.flatMap((r) => r.order.filter((arm) => arm.includes('-untraced') || arm.includes('-sdk')));
    assert.equal(there.length, s.phase === 'latency' ? 2 * s.rounds.length : 0, s.phase);
  }
  const others = (of: typeof plan) => [of.sessions.filter((s) => s.phase !== 'latency'), of.load];
  assert.deepEqual(others(plan), others(without));
});

test('a latency slice of the quick profile keeps 300 calls a block and arm', () => {
  const plan = blockPlan(input('a'), 0);
  for (const s of plan.sessions.filter((x) => x.phase === 'latency')) {
    const calls = s.rounds.reduce((n, r) => n + r.tasks.reduce((m, t) => m + t.stages.flat().length, 0), 0);
    assert.ok(calls - s.rounds.length * s.lead_in >= 300);
  }
});

test('phases that are not there are refused by name; security is not one that is timed, and one block is enough for it', () => {
  const config = parseCampaign('version: 1\n', 'test', {});
  assert.throws(() => planInputOf(config, workloads, ['latency', 'chaos']), /no phase chaos/);
  const { phases, blocks } = planInputOf(config, workloads, ['security']);
  assert.deepEqual([phases, blocks], [[], 1]);
  assert.deepEqual(planInputOf(config, workloads, ['latency', 'security']).phases, ['latency']);
  assert.deepEqual(
    [hasSecurity('quick', ['security']), hasSecurity('quick', ['latency']), hasSecurity('quick'), hasSecurity('smoke')],
    [true, false, false, false],
  );
});
