/** The comparison that `weighbridge run` carries: real plans, real manifests, the rules of the gateways that run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultCampaign } from '../campaign/config/index.ts';
import { planInputOf } from '../campaign/input.ts';
import { blockPlan } from '../campaign/plan.ts';
import { plannedCallsOf } from '../campaign/policies.ts';
import { workloads } from '../workloads/index.ts';
import { comparePolicies } from './campaignPolicy.ts';

const config = defaultCampaign({ profile: 'quick', seed: 'policy' });
const plan = planInputOf(config, workloads);
const plans = [0, 1].map((block) => blockPlan(plan, block));
const planned = plannedCallsOf(plans);
const at_ms = Date.parse('2026-01-14T12:00:00Z');

describe('plannedCallsOf', () => {
  it('has every call of the blocks’ rounds, each once, by workload, and none of the warm-up', () => {
    const ids = planned.flatMap(({ calls }) => calls.map(({ call_id }) => call_id));
    assert.equal(new Set(ids).size, ids.length);
    const sessions = plans.flatMap((p) => p.sessions);
    const rounds = sessions.flatMap((s) => s.rounds.flatMap((r) => r.tasks.flatMap((t) => t.stages.flat())));
    assert.equal(ids.length, rounds.length);
    const warmUp = sessions.flatMap((s) => s.warm_up.flat().flatMap((t) => t.stages.flat()));
    assert.ok(warmUp.length > 0 && warmUp.every(({ call_id }) => !ids.includes(call_id)));
    assert.deepEqual(
      planned.map(({ workload }) => workload).sort(),
      [...new Set(sessions.map((s) => s.workload))].sort(),
    );
  });

  it('has the calls of a load phase once, though its steps go through them again and again', () => {
    const input = planInputOf(config, workloads, ['load']);
    const block = blockPlan(input, 0);
    const [only] = plannedCallsOf([block]);
    assert.deepEqual(only?.calls, block.load!.calls);
  });
});

describe('comparePolicies', () => {
  it('the timed phases: the one definition, so that every call is decided alike', async () => {
    const [timed, ...none] = await comparePolicies({ arms: config.arms, planned, attacked: false, at_ms });
    assert.deepEqual(none, []);
    assert.equal(timed!.gateway, 'timed');
    assert.deepEqual(timed!.calls, []);
    for (const w of timed!.workloads) assert.equal(w.both_allow, w.calls, w.workload);
    assert.deepEqual(
      timed!.beyond_a_call.map(({ control }) => control),
      ['rate_limit'],
    );
  });

  it('with the attacks: what waits for a human there, call by call, and the rules that nothing native has', async () => {
    const deletions = planned.map(({ workload, calls }) => ({
      workload,
      count: calls.filter((c) => c.class === 'delete').length,
      payments: calls.filter((c) => c.class === 'pay' && Number(c.args.amount_cents) > 10_000).length,
    }));
    const [, attacked] = await comparePolicies({ arms: config.arms, planned, attacked: true, at_ms });
    for (const { workload, count, payments } of deletions) {
      const of = (rule: string): number =>
        attacked!.calls
          .filter((c) => c.workload === workload && c.gateway.rule.startsWith(rule))
          .reduce((sum, c) => sum + c.count, 0);
      assert.deepEqual([of('approval/deletions'), of('approval/payments')], [count, payments], workload);
    }
    const lost = attacked!.gateway_rules.filter(({ status }) => status === 'lost').map(({ rule }) => rule);
    assert.deepEqual(lost, ['approval/payments', 'approval/deletions']);
    assert.ok(attacked!.beyond_a_call.some(({ control }) => control === 'budget'));
  });

  it('is empty where no arm has a gateway of ours with its controls on', async () => {
    const arms = config.arms.filter((a) => a.gateway !== 'gateway');
    assert.ok(arms.some((a) => a.gateway === 'passthrough'));
    assert.deepEqual(await comparePolicies({ arms, planned, attacked: true, at_ms }), []);
  });
});
