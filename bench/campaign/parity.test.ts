/** That a block's own processes have off what their arm has off, and nothing else: shown by what they then let through. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseCampaign } from './config/index.ts';
import { type Fleet, startFleet, stopFleet } from './fleet.ts';
import { provesParity } from './parity.ts';
import { Supervisor } from './supervise.ts';

const work_dir = mkdtempSync(join(tmpdir(), 'parity-'));
after(() => rmSync(work_dir, { recursive: true, force: true }));

const arms = parseCampaign(`arms:
  gateway: {}
  no-policy: {gateway: gateway, without: [policy, audit]}
  no-manifest: {controls: on, gateway: gateway, settings: {plugins.enforce_manifest_permissions: false}}`).arms;

test('an arm without a control is proven to lack it in the blocks too, and to do the same job otherwise', async () => {
  const supervisor = new Supervisor();
  let fleet: Fleet | undefined;
  try {
    const shared = { supervisor, campaign: 'c', block: 0, attached: {}, otlp: '', anchor_offset_ns: 0n };
    fleet = await startFleet({ ...shared, arms, telemetry: 'off', work_dir });
    const results = await provesParity(fleet);
    assert.ok(results.every(({ ok }) => ok));
    const payments = results
      .filter(({ probe }) => probe.startsWith('payment'))
      .map(({ arm, got }) => [arm, got.split(',')[0]]);
    assert.deepEqual(Object.fromEntries(payments), {
      direct: 'ok',
      'direct-b': 'ok',
      gateway: 'denied by gateway/policy',
      'no-policy': 'ok',
      'no-manifest': 'denied by gateway/policy',
    });
    await Promise.all([...fleet.arms.values()].map(({ gateway }) => gateway?.control.call('drain')));
    const keepsLog = (arm: string): boolean => existsSync(join(work_dir, `audit-gateway-${arm}.jsonl`));
    assert.deepEqual([keepsLog('gateway'), keepsLog('no-policy')], [true, false]);
  } finally {
    if (fleet) await stopFleet(fleet, supervisor);
    supervisor.killAll();
  }
});
