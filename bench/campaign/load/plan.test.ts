import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadOrder, OpenPace } from '#contract/calls.ts';
import { workloads } from '../../workloads/index.ts';
import { parseCampaign } from '../config/index.ts';
import { planInputOf } from '../input.ts';
import { blockPlan, type PlanInput, planDigest } from '../plan.ts';
import { loadOrder, loadPlan, loadTime_s, warmUpOrder } from './plan.ts';
import { hasLoadByDefault, loadShapeOf } from './shape.ts';

const input = (seed = 'a', phases: string[] = ['load']): PlanInput =>
  planInputOf(parseCampaign('version: 1\n', 'test', { seed }), workloads, phases);
const standard = (): PlanInput => ({ ...input(), load: loadShapeOf('standard') });

const ordersOf = (plan: ReturnType<typeof loadPlan>, block: number): LoadOrder[] =>
  plan.steps.map((step) => loadOrder(plan, step, block));
const dueOf = ({ pace }: LoadOrder): Float64Array => (pace as OpenPace).due_ns;

test('one seed plans the same calls at the same times; another seed, or another block, does not', () => {
  const plan = loadPlan(input('a'), 0);
  assert.deepEqual(ordersOf(plan, 0), ordersOf(loadPlan(input('a'), 0), 0));
  const first = (seed: string, block: number) => dueOf(ordersOf(loadPlan(input(seed), block), block)[0]!);
  assert.notDeepEqual(first('a', 0), first('b', 0));
  assert.notDeepEqual(first('a', 0), first('a', 1));
  assert.notEqual(planDigest(input('a')), planDigest(input('b')));
});

test('the recipe: every open step of the standard profile takes 10 s and keeps 2,000 calls of its last four fifths', () => {
  for (let block = 0; block < 6; block++) {
    const plan = loadPlan(standard(), block);
    for (const [i, order] of ordersOf(plan, block).entries()) {
      if (order.pace.kind === 'closed') continue;
      const due = order.pace.due_ns;
      const kept = due.filter((ns) => ns >= 0.2 * due.at(-1)!).length;
      assert.ok(kept >= 2_000, `block ${block}, step ${i}: ${kept}`);
      assert.ok(plan.steps[i]!.duration_s >= 10);
    }
  }
});

test('steps ascend, open ones first; call ids are unique within a block', () => {
  const { steps } = loadPlan(standard(), 0);
  const open = steps.filter((s) => s.workers === null).map((s) => s.rate_per_s!);
  const closed = steps.filter((s) => s.rate_per_s === null).map((s) => s.workers!);
  assert.deepEqual(
    open,
    open.toSorted((a, b) => a - b),
  );
  assert.deepEqual(closed, [1, 2, 4, 8, 16, 32, 64]);
  assert.deepEqual(
    steps.map((s) => s.step),
    steps.map((_, i) => i),
  );
  const keys = [...steps.map((s) => s.key), warmUpOrder(loadPlan(standard(), 0), 0).key];
  assert.equal(new Set(keys).size, keys.length);
});

test('arms change places from block to block: over as many blocks as arms, each stands in each place once', () => {
  const orders = Array.from({ length: 6 }, (_, block) => loadPlan(input(), block).arms);
  assert.equal(orders[0]!.length, 6);
  for (const place of orders[0]!.keys()) assert.equal(new Set(orders.map((order) => order[place])).size, 6);
});

test('the regressed agent, which models the past, is not pressed', () =>
  assert.ok(!loadPlan(input(), 0).arms.includes('native-regressed')));

test('the first blocks have it, and whatever replaces one of them', () => {
  const all = input('a', ['latency', 'load']);
  assert.equal(all.blocks, 8);
  const has = (block: number, replaces: number | null = null) => blockPlan(all, block, replaces).load !== undefined;
  assert.deepEqual(
    [0, 1, 2, 7].map((block) => has(block)),
    [true, true, false, false],
  );
  assert.equal(has(8, 1), true);
  assert.equal(has(8, 5), false);
});

test('alone, a campaign has no block without it', () => assert.equal(input().blocks, loadShapeOf('quick').blocks));

test('smoke and quick run it where it is asked for; the standard profile, and any above it, always', () => {
  const phases = planInputOf(parseCampaign('version: 1\n'), workloads).phases;
  assert.deepEqual(phases, ['latency', 'lifecycle', 'correlation']);
  assert.deepEqual(['smoke', 'quick', 'standard', 'rigorous'].map(hasLoadByDefault), [false, false, true, true]);
  for (const profile of ['smoke', 'quick']) assert.match(loadShapeOf(profile).short!, /steps of/);
});

test('a plan without it is what it was', () =>
  assert.equal(Object.hasOwn(blockPlan(input('a', ['latency']), 0), 'load'), false));

test('a probe is planned where it is asked for: each gateway in its own arm, the tools once, behind the steps', () => {
  const asked = planInputOf(parseCampaign('load: {probe: autocannon}'), workloads, ['load']);
  const { steps, probes, arms } = loadPlan(asked, 1);
  assert.deepEqual(probes!.map((p) => [p.arm, p.target, p.connections]).slice(0, 4), [
    ['direct', 'tools', 1],
    ['direct', 'tools', 16],
    ['passthrough', 'gateway', 1],
    ['passthrough', 'gateway', 16],
  ]);
  assert.equal(probes!.length, 2 * (1 + 3), 'passthrough, gateway, layered');
  assert.ok(probes!.every((p) => p.step >= steps.length && p.condition === `instant/probe-${p.target}/http`));
  const keys = probes!.map((p) => `${p.arm} ${p.key}`);
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(loadTime_s(asked) > loadTime_s(input('weighbridge')));
  assert.ok(probes!.every((p) => arms.includes(p.arm)));
  assert.equal(Object.hasOwn(loadPlan(input(), 0), 'probes'), false, 'and nowhere else');
});

test('how long it takes is told beforehand: at least the steps of every arm and block', () => {
  const plan = standard();
  const steps_s = loadPlan(plan, 0).steps.reduce((sum, s) => sum + s.duration_s, 0);
  assert.ok(loadTime_s({ ...plan, blocks: 20 }) > 6 * 6 * steps_s);
  assert.equal(loadTime_s({ ...plan, blocks: 3 }), loadTime_s({ ...plan, blocks: 20 }) / 2);
  assert.equal(loadTime_s(input('a', ['latency'])), 0);
});
