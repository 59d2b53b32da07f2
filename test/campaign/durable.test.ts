/**
 * A campaign with an arm whose audit records are durable first, and a key: its gateway has that mode, the report tells its
 * price, and the results are signed.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { analysisSchema } from '#contract/analysis.ts';
import { manifestSchema } from '#contract/manifest.ts';
import { scratch, start, weighbridge } from './harness.ts';

const poll_ms = 100;
const arms = ['gateway', 'gateway-durable'];

test('the mode of an arm reaches its gateway, is printed, and is compared', async () => {
  const place = scratch();
  try {
    const file = join(place.dir, 'campaign.yaml');
    const dir = join(place.dir, 'out');
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(join(place.dir, 'team.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(join(place.dir, 'team.pub.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(
      file,
      `arms: {gateway: {}, gateway-durable: {gateway: gateway, audit: group_commit}}\nreport: {sign: '${join(place.dir, 'team.pem')}'}\n`,
    );
    const running = start(['run', file, '--profile', 'smoke', '--phases', 'latency', '--out', dir]);
    // The logs are there while the campaign runs, and gone with its work directory.
    const events = new Map(arms.map((arm) => [arm, new Set<string>()]));
    let ended = false;
    const end = running.ended.finally(() => {
      ended = true;
    });
    while (!ended) {
      for (const [arm, seen] of events) {
        const log = join(dir, '.work', `audit-gateway-${arm}.jsonl`);
        const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
        for (const [, event] of text.matchAll(/"event":"(\w+)"/g)) seen.add(event!);
      }
      await pause(poll_ms);
    }
    const { code, stderr } = await end;
    assert.equal(code, 0, stderr);
    assert.deepEqual([...events.get('gateway')!], ['request']);
    assert.deepEqual(
      ['decision', 'outcome'].map((event) => events.get('gateway-durable')!.has(event)),
      [true, true],
    );

    const verified = await weighbridge(['verify', dir, '--key', join(place.dir, 'team.pub.pem')]);
    assert.equal(verified.code, 0, `what a campaign signs is its owner’s: ${verified.stderr}`);

    const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')));
    assert.deepEqual(
      manifest.arms.map(({ arm, audit }) => [arm, audit]),
      [
        ['direct', undefined],
        ['direct-b', undefined],
        ['gateway', 'buffered'],
        ['gateway-durable', 'group_commit'],
      ],
    );
    assert.ok(manifest.remarks.some((r) => r.includes('buffered on gateway:') && r.includes('On gateway-durable ')));
    const analysis = analysisSchema.parse(JSON.parse(readFileSync(join(dir, 'analysis.json'), 'utf8')));
    assert.ok(analysis.comparisons.some((c) => c.arm === 'gateway-durable' && c.baseline === 'gateway'));
    for (const name of ['report.html', 'adr.md']) {
      const text = readFileSync(join(dir, name), 'utf8').replaceAll('\u00a0', ' ');
      assert.ok(text.includes('audit records by group commit, durable before a call goes upstream'), name);
      assert.ok(
        text.includes('With audit records that are durable first, the median latency of tool calls was '),
        name,
      );
    }
  } finally {
    place.remove();
  }
});
