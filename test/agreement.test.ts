/** Rooms that may not import one another still have to agree; here is where that is shown. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { increments, profileBlocks } from '#contract/calibration.ts';
import { operations } from '#contract/tools.ts';
import { loadPlugins } from '../agents/plugins/registry.ts';
import { builtinWorkloads } from '../bench/campaign/config/builtin.ts';
import { calibrationText } from '../bench/campaign/config/calibration.ts';
import { parseCampaign } from '../bench/campaign/config/index.ts';
import { profileNames, profiles } from '../bench/campaign/config/profiles.ts';
import { maxPayment_cents } from '../bench/campaign/fleet.ts';
import { foreignLimit, stealLimit } from '../bench/campaign/gates.ts';
import { planInputOf } from '../bench/campaign/input.ts';
import { limits } from '../bench/doctor/judge.ts';
import { workloads } from '../bench/workloads/index.ts';
import { maxAmount_cents } from '../bench/workloads/vocabulary.ts';
import { pluginOperations } from '../bench/workloads/workload.ts';

it('campaign.yaml names the workloads that there are', () => {
  assert.deepEqual([...builtinWorkloads], [...workloads.keys()]);
  for (const name of builtinWorkloads)
    assert.doesNotThrow(() => planInputOf(parseCampaign(`workloads: [${name}]`), workloads));
});

it('the workloads call each operation through the plugin whose manifest declares it', () => {
  const declared = Object.fromEntries(
    loadPlugins().map(({ manifest }) => [manifest.name, [...manifest.operations].sort()]),
  );
  const planned = Object.fromEntries(
    Object.entries(pluginOperations).map(([name, owned]) => [name, [...owned].sort()]),
  );
  assert.deepEqual(planned, declared);
});

it('a plugin is permitted the scope of each of its operations', () => {
  for (const { manifest } of loadPlugins()) {
    for (const { name, scope } of operations.filter((o) => manifest.operations.includes(o.name))) {
      assert.ok(manifest.permissions.includes(scope), `${manifest.name} may not ${name}: it lacks ${scope}`);
    }
  }
});

it('no payment of a workload is refused by the gateway’s policy or the payer’s manifest', () => {
  const payer = loadPlugins().find((p) => p.manifest.name === 'payer');
  const limit = payer?.manifest.limits?.['payments.create_payment']?.amount_cents;
  assert.ok(limit !== undefined && maxAmount_cents <= limit, `payer allows ${limit}`);
  assert.ok(maxAmount_cents <= maxPayment_cents);
});

it('the doctor calls unfit what the campaign’s gates would void', () => {
  assert.equal(limits.steal_share.fail, stealLimit);
  assert.equal(limits.foreign_share.fail, foreignLimit);
});

it('a calibration speaks of profiles by the blocks that they have, and its campaign is what any file could say', () => {
  for (const { profile: name, ...said } of profileBlocks) {
    const { blocks, pilot, rounds, slice_calls, lead_in } = profiles[name as 'quick'].spec;
    const sizes = pilot ? [pilot.min, blocks] : [blocks];
    assert.deepEqual(said, { rounds, kept_calls: slice_calls - lead_in, blocks: sizes }, name);
  }
  assert.deepEqual(
    profileBlocks.map(({ profile }) => profile),
    Object.values(profiles).flatMap(({ spec }) => (spec.intervals ? [spec.name] : [])),
  );
  for (const name of profileNames) {
    const { arms, claims, comparisons } = parseCampaign(calibrationText(name));
    const delays_ms = arms.filter((a) => !a.telemetry).flatMap((a) => a.delay_ms ?? []);
    const asked = increments.filter((i) => name !== 'smoke' || Math.max(i.arm_ms, i.baseline_ms) < 25);
    for (const { arm_ms, baseline_ms } of asked) {
      assert.ok(delays_ms.includes(arm_ms) && delays_ms.includes(baseline_ms), `${name}: ${arm_ms} − ${baseline_ms}`);
    }
    assert.equal(delays_ms.filter((ms) => ms === 0).length, 2);
    assert.ok(claims.length > 0 && claims.every((c) => comparisons.some((pair) => pair.name === c.compare)));
    assert.ok(comparisons.some((c) => c.baseline === 'unwatched'));
  }
});
