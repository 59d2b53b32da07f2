import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { openStore, type Store } from '../../collectors/traces/index.ts';
import { type BlockSpan, batchesOf } from './batches.ts';
import { readData } from './data.ts';
import { analyse } from './index.ts';
import { writeSynthetic } from './synthetic.ts';
import { arms, campaigns, claims, correlation, digest, latency, lifecycle } from './testing.ts';

const second = 1_000_000_000n;
const block = (number: number, calls: number, [from, to]: [number, number]): BlockSpan => ({
  block: number,
  calls,
  from_ns: BigInt(from) * second,
  to_ns: BigInt(to) * second,
});

describe('batches of blocks', () => {
  it('hold as many blocks as there are calls to be held, and one at least', () => {
    const blocks = [block(0, 10, [0, 9]), block(1, 10, [10, 19]), block(2, 50, [20, 29]), block(3, 5, [30, 39])];
    const of = (atMost: number): number[][] => batchesOf(blocks, atMost).map((b) => b.blocks);
    assert.deepEqual(of(20), [[0, 1], [2], [3]]);
    assert.deepEqual(of(1), [[0], [1], [2], [3]]);
    assert.deepEqual(of(1000), [[0, 1, 2, 3]]);
    assert.deepEqual(batchesOf([], 10), []);
  });

  it('are cut just before the first call of the next block, and open at both ends', () => {
    const [first, next] = batchesOf([block(1, 1, [10, 19]), block(0, 1, [0, 9])], 1);
    assert.deepEqual([first!.blocks, next!.blocks], [[0], [1]], 'in the order of time');
    assert.deepEqual([first!.from_ns, next!.to_ns], [null, null]);
    assert.equal(first!.to_ns, 10n * second - 1_000_000n);
    assert.equal(next!.from_ns, first!.to_ns);
    const [close] = batchesOf([block(0, 1, [0, 9]), { ...block(1, 1, [9, 19]), from_ns: 9n * second + 5n }], 1);
    assert.equal(close!.to_ns, 9n * second + 1n, 'never within the block before');
  });

  it('keep blocks together whose times overlap, since nothing parts them', () => {
    const blocks = [block(0, 9, [0, 9]), block(1, 9, [9, 12]), block(2, 9, [10, 11]), block(3, 9, [13, 14])];
    assert.deepEqual(
      batchesOf(blocks, 1).map((b) => b.blocks),
      [[0, 1, 2], [3]],
    );
  });

  it('take every moment once, every block once, and no more calls than asked but for a block that has more', () => {
    const given = fc.array(fc.record({ gap: fc.nat(3), long: fc.nat(5), calls: fc.nat(40) }), { maxLength: 30 });
    fc.assert(
      fc.property(given, fc.integer({ min: 1, max: 100 }), (spans, atMost) => {
        let at = 0;
        const blocks = spans.map(({ gap, long, calls }, i) => {
          const from = at + gap + 1;
          at = from + long;
          return block(i, calls, [from, at]);
        });
        const batches = batchesOf(blocks, atMost);
        assert.deepEqual(
          batches.flatMap((b) => b.blocks),
          blocks.map((b) => b.block),
        );
        for (const [i, batch] of batches.entries()) {
          assert.equal(batch.from_ns, i === 0 ? null : batches[i - 1]!.to_ns);
          assert.ok(batch.calls <= atMost || batch.blocks.length === 1);
          for (const number of batch.blocks) {
            const { from_ns, to_ns } = blocks[number]!;
            assert.ok(batch.from_ns === null || from_ns >= batch.from_ns);
            assert.ok(batch.to_ns === null || to_ns < batch.to_ns);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

const { root } = campaigns();
const every7th = "phase <> 'correlation' AND position % 7 = 0";

/** What the two ways of reading could tell apart: refusals on both legs, loops, failures, losses, a voided block, faults. */
const rich = {
  seed: 'rich',
  blocks: 7,
  blocks_at_once: 3,
  voided: [2],
  arms: arms.slice(0, 5).map((a) =>
    a.arm === 'native'
      ? {
          ...a,
          touched_agent: every7th,
          over_broad: 'position % 3 = 0',
          opened_agent: 'position % 4 = 0',
          connect_us: 50,
        }
      : a.arm === 'gateway'
        ? { ...a, touched_gateway: every7th, failed: 'round = 3 AND position = 9' }
        : a.arm === 'direct'
          ? { ...a, touched_agent: "phase = 'lifecycle' AND round % 2 = 0 AND position < 5" }
          : a,
  ),
  sessions: [{ ...latency, rounds: 4 }, { ...lifecycle, rounds: 4 }, correlation],
  claims,
  noise_us: 40,
  block_sd_us: 20,
  lost_line: "tier = 'agent' AND block = 4 AND position = 7",
  lost_span: "tier = 'tools' AND block = 5 AND position = 8",
  faults: [0, 1, 2, 3, 4, 5, 6].map((number) => ({
    block: number,
    arm: 'native',
    leg: 'agent' as const,
    kind: 'expired' as const,
    round: 2,
    at_ns: String(1_700_000_000_000_000_000n + BigInt(number) * 3_600n * second + 610n * second),
  })),
};

const small = { seed: 'held', arms, sessions: [{ ...latency, rounds: 2 }, { ...lifecycle, rounds: 2 }, correlation] };

/** Runs every statement of an analysis, and notes after each how many rows every table holds. */
async function watched(dir: string): Promise<{ store: Store; largest: Map<string, number> }> {
  const store = await openStore();
  const query = join(dir, 'tables.sql');
  await writeFile(query, 'SELECT table_name AS name, estimated_size::INTEGER AS rows FROM duckdb_tables()');
  const largest = new Map<string, number>();
  const look = async (): Promise<void> => {
    for (const { name, rows } of await store.rows<{ name: string; rows: number }>(pathToFileURL(query))) {
      largest.set(name, Math.max(largest.get(name) ?? 0, rows));
    }
  };
  const run = async (file: URL): Promise<void> => {
    await store.run(file);
    await look();
  };
  return { store: { ...store, run }, largest };
}

describe('an analysis block by block', () => {
  it('is that of all blocks at once, to the byte', async () => {
    const dir = join(root(), 'rich');
    await writeSynthetic({ ...rich, dir });
    const whole = JSON.stringify(await analyse(dir, digest, Number.POSITIVE_INFINITY));
    assert.equal(JSON.stringify(await analyse(dir, digest, 1)), whole, 'each block alone');
  });

  it('holds the rows of one block at a time, and no more for each block that is added', async () => {
    const held = async (blocks: number, atOnce: number): Promise<Map<string, number>> => {
      const dir = join(root(), `held ${blocks} ${atOnce}`);
      const manifest = await writeSynthetic({ ...small, dir, blocks });
      const { store, largest } = await watched(dir);
      await readData(store, dir, manifest, atOnce);
      await store.close();
      return largest;
    };
    const [one, three, together] = [await held(1, 1), await held(3, 1), await held(3, Number.POSITIVE_INFINITY)];
    for (const table of ['call', 'attempt', 'span', 'path', 'line']) {
      assert.ok(one.get(table)! > 0, table);
      assert.equal(three.get(table), one.get(table), `${table}: three blocks, one at a time`);
      assert.equal(together.get(table), 3 * one.get(table)!, `${table}: three blocks at once`);
    }
    // What grows with the campaign is a row per task, per cell and block, and per call that met a 401: no row per call.
    const kept = [...three].filter(([table, rows]) => rows > one.get(table)!).map(([table]) => table);
    assert.deepEqual(kept.sort(), ['cell_block', 'place', 'state', 'task']);
  });
});
