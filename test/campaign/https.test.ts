/** A campaign over TLS, and one whose gateway does not keep its connections: what the report makes of either. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { freePort } from '../../bench/bench/relays.ts';
import { scratch, weighbridge } from './harness.ts';

const analysisIn = (dir: string): Analysis => JSON.parse(readFileSync(join(dir, 'analysis.json'), 'utf8'));

/** A smoke campaign's latency phase alone, in a directory below that place. */
async function latencyOf(file: string, place: string): Promise<string> {
  const dir = join(place, 'out');
  const { code, stderr } = await weighbridge(['run', file, '--profile', 'smoke', '--phases', 'latency', '--out', dir]);
  assert.equal(code, 0, stderr);
  return dir;
}

test('tools and gateways over TLS: the arms do the same job, and each part of an attempt is told', async () => {
  const place = scratch();
  try {
    const file = join(place.dir, 'campaign.yaml');
    writeFileSync(file, 'arms: [native, gateway]\nconditions: [{service: instant, concurrency: 1, protocol: https}]\n');
    const dir = await latencyOf(file, place.dir);
    const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'));
    assert.ok(
      ['native', 'gateway'].every((arm) =>
        manifest.parity.some((p: { arm: string; probe: string }) => p.arm === arm && p.probe.endsWith(', over TLS')),
      ),
      'parity is proven over TLS too',
    );
    const text = readFileSync(join(dir, 'manifest.json'), 'utf8') + readFileSync(join(dir, 'campaign.yaml'), 'utf8');
    assert.doesNotMatch(text, /PRIVATE KEY|BEGIN CERTIFICATE/);
    const { timings, arms, comparisons, explanations } = analysisIn(dir);
    assert.deepEqual([...new Set(arms.map((a) => a.condition))], ['instant/c1/https']);
    assert.ok(arms.every((a) => a.outcomes.ok > 0 && a.outcomes.failed + a.outcomes.timeout + a.outcomes.lost === 0));
    for (const { arm, legs, tasks } of timings) {
      assert.deepEqual(
        legs.map((l) => l.leg),
        arm === 'gateway' ? ['agent', 'gateway'] : ['agent'],
      );
      for (const leg of legs) {
        // Connections are kept open from the warm-up on, so that a warm attempt opens none.
        assert.equal(leg.opened, 0, `${arm} ${leg.leg}`);
        const total = leg.parts.reduce((sum, p) => sum + p.mean_us!, 0);
        assert.ok(Math.abs(total - leg.mean_us) < 0.01, `${total} of ${leg.mean_us}`);
        assert.ok(leg.parts.find((p) => p.part === 'send')!.mean_us! > 0);
      }
      assert.ok(tasks.answered > 0 && tasks.mean_us! > 0);
    }
    assert.ok(explanations.some((e) => e.arm === 'gateway' && e.baseline === 'native'));
    assert.ok(comparisons.every((c) => c.subject.protocol === 'https'));
    assert.match(readFileSync(join(dir, 'report.html'), 'utf8'), /What makes the difference/);
  } finally {
    place.remove();
  }
});

test('an arm whose gateway closes its connection after each answer is explained so', async () => {
  const place = scratch();
  const upstream = await freePort();
  const relay = createServer((req, res) => {
    const onward = request(
      { host: '127.0.0.1', port: upstream, method: req.method, path: req.url, headers: req.headers, agent: false },
      (answer) => {
        res.writeHead(answer.statusCode!, { ...answer.headers, connection: 'close' });
        answer.pipe(res);
      },
    );
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => relay.once('listening', resolve));
  const { port } = relay.address() as AddressInfo;
  try {
    const file = join(place.dir, 'campaign.yaml');
    writeFileSync(
      file,
      `gateways: {front: {attach: 'http://127.0.0.1:${port}', upstream: 'http://127.0.0.1:${upstream}', product: relay@1}}
arms: {direct: {controls: off}, direct-b: {controls: off}, front: {controls: off, gateway: front}}
conditions: [{}]
`,
    );
    const dir = await latencyOf(file, place.dir);
    const { timings, explanations } = analysisIn(dir);
    const [leg] = timings.find((t) => t.arm === 'front')!.legs;
    assert.deepEqual([leg!.opened, leg!.opened > 0], [leg!.attempts, true]);
    assert.ok(leg!.opening.connect_us! > 0);
    assert.deepEqual([leg!.opening.lookup_us, leg!.opening.tls_us], [null, null]);
    assert.ok(leg!.unseen.includes('an address was dialled: there was no name to look up'));
    const told = explanations.find((e) => e.arm === 'front' && e.baseline === 'direct')!;
    assert.equal(told.unexpected, true);
    assert.match(
      told.sentence,
      /Unexpected: .*front opens a new connection in 100 % of its attempts \(direct: 0 %\): connections are not kept open/,
    );
  } finally {
    relay.closeAllConnections();
    relay.close();
    place.remove();
  }
});
