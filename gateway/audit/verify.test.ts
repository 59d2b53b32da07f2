/** Norm 35: each attack on a log, carried out, and found. */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Chain } from './chain.ts';
import { signCheckpoint } from './checkpoint.ts';
import { openAudit } from './open.ts';
import type { ChainedRecord } from './record.ts';
import { fill, linesOf, logIn, type TestLog } from './testing.ts';
import { type Verification, verifyLog } from './verify.ts';

describe('norm 35', () => {
  let parent: string;
  let log: TestLog;
  let lines: string[];
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'audit-verify-'));
    log = await logIn(parent, 'group_commit', 5);
    // 12 records, checkpoints at 5, 10 and, as it was closed, 12.
    await fill(log.config, 12);
    lines = await linesOf(log.file);
  });
  after(() => rm(parent, { recursive: true }));

  const verified = async (attacked: readonly string[], signed = true): Promise<Verification> => {
    const file = join(parent, 'attacked.jsonl');
    await writeFile(file, attacked.map((line) => `${line}\n`).join(''));
    if (!signed) return verifyLog(file);
    return verifyLog(file, { checkpoints: await log.checkpoints(), publicKey: log.publicKey });
  };
  const kinds = ({ problems }: Verification): string[] => [...new Set(problems.map(({ kind }) => kind))];
  /** What an owner of the file does who knows the format: every line after the change fits again. */
  const rechained = (records: readonly string[]): string[] => {
    const chain = new Chain();
    return records.map((line) => chain.append(JSON.parse(line) as ChainedRecord));
  };

  test('an untouched log holds', async () => {
    const found = await verified(lines);
    assert.deepEqual(found, { ok: true, problems: [], records: 12, checkpoints: 3, covered: 12, torn_bytes: 0 });
    assert.equal((await verified(lines, false)).covered, null);
  });

  for (const at of [0, 5, 10]) {
    test(`record ${at} edited: its successor no longer fits, and the tree neither`, async () => {
      const edited = lines.with(at, lines[at]!.replace(/"agent":"\w+"/, '"agent":"eve"'));
      assert.notDeepEqual(edited, lines);
      const chainOnly = await verified(edited, false);
      assert.deepEqual([chainOnly.ok, kinds(chainOnly)], [false, ['chain']]);
      assert.equal(chainOnly.problems[0]!.where, `line ${at + 2}`);
      assert.ok(kinds(await verified(edited)).includes('rewritten'));
    });
  }

  test('the last record edited: only the checkpoint shows it', async () => {
    const edited = lines.with(11, lines[11]!.replace(/"agent":"\w+"/, '"agent":"eve"'));
    assert.equal((await verified(edited, false)).ok, true);
    const found = await verified(edited);
    assert.deepEqual([found.ok, kinds(found)], [false, ['rewritten']]);
  });

  test('white space added: no canonical record any more', async () => {
    const found = await verified(lines.with(3, lines[3]!.replace(':', ': ')), false);
    assert.ok(kinds(found).includes('malformed'));
  });

  test('records removed, swapped, doubled', async () => {
    for (const attacked of [
      lines.toSpliced(4, 1),
      lines.toSpliced(0, 1),
      lines.with(2, lines[3]!).with(3, lines[2]!),
      lines.toSpliced(6, 0, lines[6]!),
    ]) {
      const found = await verified(attacked, false);
      assert.equal(found.ok, false);
      assert.ok(kinds(found).includes('sequence'));
    }
  });

  test('a tail cut off: the chain holds, the checkpoint knows better', async () => {
    for (const kept of [11, 9, 4, 0]) {
      const cut = lines.slice(0, kept);
      assert.equal((await verified(cut, false)).ok, true);
      const found = await verified(cut);
      assert.deepEqual([found.ok, kinds(found)], [false, ['missing_records']], String(kept));
    }
  });

  test('history rewritten with a recomputed chain: the chain holds, the checkpoints do not', async () => {
    const rewritten = rechained(lines.with(2, lines[2]!.replace('"agent":"even"', '"agent":"eve"')));
    assert.equal((await verified(rewritten, false)).ok, true, 'the chain alone cannot show it');
    const found = await verified(rewritten);
    assert.deepEqual([found.ok, kinds(found), found.problems.length], [false, ['rewritten'], 3]);
    // A record taken out, and another put in for it at the end, so that the count is right again.
    const refilled = rechained([...lines.toSpliced(7, 1), lines[11]!]);
    assert.equal((await verified(refilled, false)).ok, true);
    assert.deepEqual(kinds(await verified(refilled)), ['rewritten']);
  });

  test('rewritten after the first checkpoint: exactly those that cover it tell', async () => {
    const found = await verified(rechained(lines.with(6, lines[6]!.replace('"agent":"even"', '"agent":"eve"'))));
    assert.deepEqual(
      found.problems.map(({ where }) => Number(where.slice(0, 12))),
      [10, 12],
    );
  });

  test('a rewritten log with checkpoints of the attacker’s own key, or changed ones', async () => {
    const rewritten = rechained(lines.with(2, lines[2]!.replace('"agent":"even"', '"agent":"eve"')));
    const forger = await logIn(parent);
    const audit = await openAudit(forger.config);
    for (const line of rewritten) await audit.commit!(JSON.parse(line) as ChainedRecord);
    await audit.close();
    const found = await verifyLog(forger.file, { checkpoints: await forger.checkpoints(), publicKey: log.publicKey });
    assert.ok(!found.ok && kinds(found).every((kind) => kind === 'signature'));
    const changed = (await log.checkpoints()).map(({ file: name, note }) => ({
      file: name,
      note: note.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) - 1}\n`),
    }));
    const second = await verifyLog(log.file, { checkpoints: changed, publicKey: log.publicKey });
    assert.deepEqual(kinds(second), ['signature']);
  });

  test('checkpoints of another log, signed by the same key', async () => {
    const other = { size: 5, root: Buffer.alloc(32) };
    const privateKey = createPrivateKey(await readFile(log.key_file, 'utf8'));
    const foreign = { file: 'foreign.checkpoint', note: signCheckpoint(other, { name: 'other.example', privateKey }) };
    const publicKey = log.publicKey;
    const checkpoints = [...(await log.checkpoints()), foreign];
    assert.deepEqual(kinds(await verifyLog(log.file, { checkpoints, publicKey })), ['origin']);
    const pinned = await verifyLog(log.file, {
      checkpoints: await log.checkpoints(),
      publicKey,
      origin: 'other.example',
    });
    assert.ok(!pinned.ok && kinds(pinned).includes('origin'));
    // Two heads of one size: one of them is not this log's.
    const twin = { file: 'twin.checkpoint', note: signCheckpoint(other, { name: 'test.example/audit', privateKey }) };
    const equivocation = await verifyLog(log.file, { checkpoints: [...(await log.checkpoints()), twin], publicKey });
    assert.deepEqual(kinds(equivocation), ['rewritten']);
  });

  test('what no checkpoint covers yet is said, and a torn tail is no attack', async () => {
    const open = await logIn(parent, 'group_commit', 5);
    await fill(open.config, 7);
    const { checkpoints: _none, ...unsigned } = open.config;
    await fill(unsigned, 2);
    const options = { checkpoints: await open.checkpoints(), publicKey: open.publicKey };
    const found = await verifyLog(open.file, options);
    assert.deepEqual([found.ok, found.records, found.covered], [true, 9, 7]);
    await writeFile(open.file, `${(await linesOf(open.file)).join('\n')}\n{"agent":"ag`);
    const torn = await verifyLog(open.file, options);
    assert.deepEqual([torn.ok, torn.torn_bytes], [true, 12]);
  });
});
