import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { freePort } from '../../bench/bench/relays.ts';
import { loadCampaign } from '../../bench/campaign/config/index.ts';
import { planInputOf } from '../../bench/campaign/input.ts';
import { runCampaign } from '../../bench/campaign/run.ts';
import { workloads } from '../../bench/workloads/index.ts';
import { attachedCampaign, childrenOf, scratch, weighbridge } from './harness.ts';
import { manifestOf, query } from './killing.ts';
import { type Relay, startRelay } from './relay.ts';
import { Watching } from './watching.ts';

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
  const file = join(place.dir, 'mortal.yaml');
  attachedCampaign(file, { name: 'mortal', port: relay.port, upstream });
  const dir = join(place.dir, 'mortal');
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

test('a user’s gateway hangs within a block: a deadline, 102, that names it, and the whole block kept', async () => {
  const upstream = await freePort();
  const relay = await startRelay(upstream);
  const file = join(place.dir, 'hung.yaml');
  attachedCampaign(file, { name: 'hung', port: relay.port, upstream });
  const { config, text: yaml } = await loadCampaign(file, { profile: 'smoke' });
  const dir = join(place.dir, 'hung');
  mkdirSync(dir);
  const { status, blocks, error } = await runCampaign({
    id: 'hung',
    config: { ...config, conditions: config.conditions.slice(0, 1) },
    plan: planInputOf(config, workloads, ['latency']),
    dir,
    yaml,
    supervisor: new Watching({ diagnostics: join(dir, 'diagnostics') }),
    slice_deadline_ms: 4_000,
    progress: {
      step: ({ block }) => {
        // Taken and never answered: neither refused nor closed.
        if (block === 1) relay.deal = () => undefined;
      },
      note: () => undefined,
      end: () => undefined,
    },
    signal: new AbortController().signal,
  });
  relay.die();
  assert.deepEqual({ status, blocks }, { status: 'aborted', blocks: 1 }, error?.explain());
  assert.deepEqual([error!.code, error!.exitCode, error!.where], ['DEADLINE', 102, 'agent of hung']);
  assert.match(error!.message, /^arm hung: a slice of latency \(block 1, round \d+\) took over 4 s/);
  assert.match(error!.mend!, /^look whether the attached gateway hung still answers/);
  assert.deepEqual(
    manifestOf(dir).blocks.map((b) => b.block),
    [0],
  );
  assert.deepEqual(childrenOf(process.pid), []);
});
