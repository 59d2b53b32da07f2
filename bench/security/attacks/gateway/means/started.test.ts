/** That a gateway which an attack starts for itself has what the README says is on. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { auditOf } from '../../../means/audit.ts';
import { withRange } from '../../../testing.ts';
import { deniedEndpointHammered } from '../denied-endpoint-hammered.ts';
import { gatewayFor } from './started.ts';

it('it has the arm’s basic controls, binding and rate limit with them, and takes unbound tokens where it is told to', () =>
  withRange('layered', async (range) => {
    const arm = range.gateway!.config.controls;
    const { controls } = (await gatewayFor(range)).config;
    assert.deepEqual(Object.keys(controls).sort(), ['audit', 'bearer', 'credentials', 'policy', 'rate_limit']);
    assert.deepEqual(controls.rate_limit, arm.rate_limit);
    assert.equal(controls.bearer!.require_binding, true);
    const lenient = await gatewayFor(range, {}, { takes_unbound: true });
    assert.equal(lenient.config.controls.bearer!.require_binding, false);
  }));

it('a denied endpoint is hammered at the arm’s own gateway, on which all is on', () =>
  withRange('gateway', async (range) => {
    await deniedEndpointHammered.carryOut(range);
    const denials = (await auditOf(range.gateway!)).filter((record) => record.decision === 'deny');
    assert.ok(denials.filter(({ operation }) => operation === 'payments.create_payment').length >= 20);
    const { controls } = range.gateway!.config;
    for (const name of ['rate_limit', 'budget', 'second_factor', 'approval'] as const) assert.ok(controls[name], name);
  }));
