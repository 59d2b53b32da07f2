import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultCampaign } from './config/index.ts';
import { environment } from './environment.ts';
import { differences, identityOf } from './identity.ts';

const surroundings = await environment();
const config = defaultCampaign({ seed: '1' });
const base = identityOf(config, 'plan', surroundings);

test('the same campaign is the same', () => {
  assert.deepEqual(identityOf(defaultCampaign({ seed: '1' }), 'plan', surroundings), base);
  assert.deepEqual(differences(base, JSON.parse(JSON.stringify(base))), []);
});

test('everything that differs is named: configuration by key, code and machine with both values', () => {
  const other = identityOf({ ...config, seed: '2', slo: 0.5 }, 'other plan', {
    ...surroundings,
    weighbridge: { ...surroundings.weighbridge, commit: 'c0ffee' },
    environment: { ...surroundings.environment, kernel: '9.9', cores: 3 },
  });
  const lines = differences(base, other);
  assert.equal(lines.length, 5, lines.join('\n'));
  assert.match(lines[0]!, /^code: commit was \w+, is c0ffee$/);
  assert.ok(
    lines.includes('configuration: seed is not what it was') && lines.includes('configuration: slo is not what it was'),
  );
  assert.ok(
    lines.some((l) => l.startsWith('machine: cores was')) &&
      lines.some((l) => /^machine: kernel was .+, is 9\.9$/.test(l)),
  );
});

test('another plan alone is a difference', () => {
  assert.match(differences(base, { ...base, plan: 'other' })[0]!, /^plan: /);
});

test('a time limit shapes no figure; memory may differ by what a kernel keeps for itself', () => {
  const limited = identityOf({ ...config, profile: { ...config.profile, max_duration_s: 60 } }, 'plan', surroundings);
  assert.deepEqual(differences(base, limited), []);
  const memory = (mib: number) => ({ ...base, machine: { ...base.machine, memory_mib: mib } });
  assert.deepEqual(differences(memory(10_000), memory(10_050)), []);
  assert.equal(differences(memory(10_000), memory(10_200)).length, 1);
});

test('no header of an attached gateway stands in it', () => {
  const secret = 'k-e-y';
  const gateways = {
    ours: {
      attach: 'http://127.0.0.1:1',
      upstream: 'http://127.0.0.1:2',
      upstream_port: 2,
      product: 'x@1',
      placement: 'sidecar' as const,
      protocol: 'http' as const,
      headers: { 'x-api-key': secret },
    },
  };
  const identity = identityOf({ ...config, gateways }, 'plan', surroundings);
  assert.ok(!JSON.stringify(identity).includes(secret));
  assert.deepEqual(differences(base, identity), ['configuration: gateways is not what it was']);
});
