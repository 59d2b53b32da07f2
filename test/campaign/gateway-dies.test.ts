import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { freePort } from '../../bench/bench/relays.ts';
import { attachedCampaign, scratch, weighbridge } from './harness.ts';
import { manifestOf, query } from './killing.ts';
import { type Relay, startRelay } from './relay.ts';

const place = scratch();
after(() => place.remove());

/** Forwards so many requests, then is gone: connections cut, port closed. */
async function mortalRelay(upstream: number, requests: number): Promise<{ relay: Relay; diedAt(): bigint | null }> {
  let left = requests;
  let died: bigint | null = null;
  const relay = await startRelay(upstream);
  relay.deal = ({ pass }) => {
    if (left-- > 0) return void pass();
    died ??= BigInt(Date.now()) * 1_000_000n;
    relay.die();
  };
  return { relay, diedAt: () => died };
}

test('a user’s gateway dies within a block: its calls count as failed, never as fast, and the next block is refused', async () => {
  const upstream = await freePort();
  // Parity and warm-up take 184 requests, the timed part a hundred: it dies in the midst of that.
  const { relay, diedAt } = await mortalRelay(upstream, 220);
  const file = join(place.dir, 'campaign.yaml');
  attachedCampaign(file, { name: 'mortal', port: relay.port, upstream });
  const dir = join(place.dir, 'out');
  const { code, stderr } = await weighbridge(['run', file, '--profile', 'smoke', '--phases', 'latency', '--out', dir]);
  relay.die();
  assert.notEqual(diedAt(), null);
  assert.equal(code, 103, stderr);
  assert.match(stderr, /arm mortal, probe good token/);
  assert.match(stderr, /1 whole block is kept/);

  const { blocks } = manifestOf(dir);
  assert.equal(blocks.length, 1);
  const late = await query(
    dir,
    `select outcome, status, count(*) n from {calls} where arm = 'mortal' and due_ns > ${diedAt()! + 5_000_000n} group by all`,
  );
  assert.ok(late.length > 0);
  for (const { outcome, status } of late) {
    assert.equal(outcome, 'failed');
    assert.equal(status, null);
  }
  const analysis = JSON.parse(readFileSync(join(dir, 'analysis.json'), 'utf8'));
  const figures = (arm: string) =>
    analysis.arms.filter((a: { arm: string; phase: string }) => a.arm === arm && a.phase === 'latency');
  assert.ok(figures('mortal').some((a: { outcomes: { failed: number } }) => a.outcomes.failed > 0));
  for (const a of figures('mortal')) {
    const direct = figures('direct').find((d: { condition: string }) => d.condition === a.condition);
    // Refused connections are answered in no time: none of that is a latency.
    for (const q of ['p50_us', 'p95_us']) assert.ok(a[q] === null || a[q] >= direct[q], `${a.condition} ${q}`);
    if (a.outcomes.failed > 0.05 * a.calls) assert.equal(a.p95_us, null);
  }
});
