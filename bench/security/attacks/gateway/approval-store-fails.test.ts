/** What answers may count as the store's; the attack itself is carried out beside the others, in `gateway.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mustBeTheControl, servedTwice } from './approval-store-fails.ts';
import type { WireAnswer } from './means/wire.ts';

const answer = (status: number, code = '', denied_by: string | null = null): WireAnswer => ({
  status,
  code,
  denied_by,
  approval: null,
  trace_id: '',
  call_id: '',
  took_ms: 1,
});
const failed = answer(503, 'control_failed', 'gateway/approval');
const used = answer(403, 'approval_used', 'gateway/approval');
const served = answer(201);

test('only refusals by the approvals themselves show that their store failed', () => {
  mustBeTheControl([failed, failed]);
  for (const other of [answer(503, 'audit_failed', 'gateway/audit'), answer(503), served])
    assert.throws(() => mustBeTheControl([failed, other]), /not the store of approvals/);
});

test('once there is room, an approval serves one call and no second', () => {
  assert.equal(servedTwice(served, used), false);
  assert.equal(servedTwice(served, served), true);
  assert.throws(() => servedTwice(failed, used), /what is allowed was not served/);
  assert.throws(() => servedTwice(used, used), /what is allowed was not served/);
  for (const other of [failed, answer(403, 'approval_expired', 'gateway/approval'), answer(403, 'approval_used')])
    assert.throws(() => servedTwice(served, other), /for another reason/);
});
