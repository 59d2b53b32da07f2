/** What is held against the policies, and that whatever goes wrong with it costs no campaign. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { workloads } from '../workloads/index.ts';
import { defaultCampaign } from './config/index.ts';
import { planInputOf } from './input.ts';
import { blockPlan } from './plan.ts';
import { type ComparePolicies, plannedCallsOf, policiesOrWhy } from './policies.ts';

const { arms } = defaultCampaign({ profile: 'quick', seed: 'policies' });
const plan = planInputOf(defaultCampaign({ profile: 'quick', seed: 'policies' }), workloads);
const record = (block: number, voided: string | null = null, replaces: number | null = null) => ({
  block,
  voided,
  replaces,
  settled_ms: 0,
  gates: [],
  telemetry: [],
  faults: { tools: [] } as never,
});
const order = { status: 'complete', arms, plan, attacked: true, at_ms: 1 } as const;

describe('policiesOrWhy', () => {
  it('hands on the calls of the blocks that count, in their order, and what else is asked', async () => {
    const asked: Parameters<ComparePolicies>[0][] = [];
    const compare: ComparePolicies = async (given) => {
      asked.push(given);
      return [];
    };
    const records = [record(2, null, 1), record(0), record(1, 'a noisy machine')];
    assert.deepEqual(await policiesOrWhy(compare, { ...order, records }), { policy: [], remarks: [] });
    const planned = plannedCallsOf([blockPlan(plan, 0, null), blockPlan(plan, 2, 1)]);
    assert.ok(planned.length > 0);
    assert.deepEqual(asked, [{ arms, attacked: true, at_ms: 1, planned }]);
  });

  it('asks nobody at a pilot, nor of a campaign that was stopped', async () => {
    const nothing = { policy: null, remarks: [] };
    const never: ComparePolicies = () => assert.fail('asked');
    const records = [record(0)];
    assert.deepEqual(await policiesOrWhy(never, { ...order, status: 'aborted', records }), nothing);
    assert.deepEqual(await policiesOrWhy(undefined, { ...order, records }), nothing);
  });

  it('a comparison that throws, or rejects, leaves none and says why', async () => {
    const why = { policy: null, remarks: ['The calls were not held against both sides’ policies: no manifests'] };
    const reject: ComparePolicies = () => Promise.reject(new Error('no manifests'));
    const fail: ComparePolicies = () => {
      throw new Error('no manifests');
    };
    for (const compare of [reject, fail])
      assert.deepEqual(await policiesOrWhy(compare, { ...order, records: [record(0)] }), why);
  });
});
