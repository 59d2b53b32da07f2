import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { root, scratch, weighbridge } from './harness.ts';

const place = scratch();
after(() => place.remove());

const dir = join(place.dir, 'campaign');
const at = (name: string): string => join(place.dir, name);

before(() => {
  cpSync(join(root, 'results/reference'), dir, { recursive: true });
  for (const name of ['team', 'stranger']) {
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', at(`${name}.pem`)]);
    chmodSync(at(`${name}.pem`), 0o600);
    execFileSync('openssl', ['pkey', '-in', at(`${name}.pem`), '-pubout', '-out', at(`${name}.pub.pem`)]);
  }
});

test('unsigned results do not pass for those of a signer', async () => {
  assert.equal((await weighbridge(['verify', dir])).code, 0);
  const { code, stderr } = await weighbridge(['verify', dir, '--key', at('team.pub.pem')]);
  assert.equal(code, 106);
  assert.match(stderr, /is not signed/);
});

test('signed by one, they hold for that one’s key and for no other', async () => {
  const signed = await weighbridge(['report', dir, '--sign', at('team.pem')]);
  assert.equal(signed.code, 0, signed.stderr);
  const unnamed = await weighbridge(['verify', dir]);
  assert.equal(unnamed.code, 0);
  assert.match(unnamed.stdout, /--key PUBLIC\.pem tells whose/);
  const good = await weighbridge(['verify', dir, '--key', at('team.pub.pem'), '--json']);
  assert.equal(good.code, 0, good.stderr);
  assert.equal(JSON.parse(good.stdout).signature, 'good');
  const other = await weighbridge(['verify', dir, '--key', at('stranger.pub.pem')]);
  assert.equal(other.code, 106);
  assert.match(other.stderr, /that key did not sign/);
});

test('a key that cannot be used is refused before anything is measured', async () => {
  const file = at('signed.yaml');
  const never = at('never');
  writeFileSync(file, `version: 1\nreport: {sign: '${at('absent.pem')}'}\n`);
  const absent = await weighbridge(['run', file, '--profile', 'smoke', '--out', never]);
  assert.equal(absent.code, 104);
  assert.match(absent.stderr, /openssl genpkey/);
  chmodSync(at('team.pem'), 0o644);
  const open = await weighbridge(['report', dir, '--sign', at('team.pem')]);
  assert.equal(open.code, 104);
  assert.match(open.stderr, /read by others than its owner/);
  assert.ok(!existsSync(never));
});
