/** Logs and checkpoints that are there already: norm 37, in both modes. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../testing.ts';
import { Chain } from './chain.ts';
import { openAudit } from './open.ts';
import { recover } from './recover.ts';
import { fill, logIn, recordOf } from './testing.ts';
import { verifyLog } from './verify.ts';

describe('opening what is there', () => {
  let parent: string;
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'audit-open-'));
  });
  after(() => rm(parent, { recursive: true }));

  test('norm 37: cut at every byte, it keeps every whole record, drops the torn one, and goes on', async () => {
    const whole = await logIn(parent);
    const { checkpoints: _none, ...config } = whole.config;
    await fill(config, 3);
    const bytes = await readFile(whole.file);
    const copy = join(parent, 'torn.jsonl');
    const lastRecord = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
    await copyFile(whole.file, copy);
    for (let length = bytes.length; length >= 0; length--) {
      await truncate(copy, length);
      const kept = bytes.subarray(0, length).filter((byte) => byte === 0x0a).length;
      const end = bytes.subarray(0, length).lastIndexOf(0x0a) + 1;
      const found = await recover(copy, undefined);
      assert.deepEqual([found.chain.size, found.length, found.torn_bytes], [kept, end, length - end]);
      // Each byte of the last record, and now and then one before: a sync for each would take its time.
      if (length < lastRecord && length % 97 !== 0) continue;
      const opened = join(parent, 'opened.jsonl');
      await copyFile(copy, opened);
      const audit = await openAudit({ ...config, file: opened });
      assert.equal(audit.torn_bytes, length - end);
      await audit.commit!(recordOf({ reason: `behind ${length}` }));
      await audit.close();
      assert.ok((await readFile(opened)).subarray(0, end).equals(bytes.subarray(0, end)));
      const { ok, records, torn_bytes } = await verifyLog(opened);
      assert.deepEqual([ok, records, torn_bytes], [true, kept + 1, 0], `cut to ${length}`);
    }
  });

  test('a tail of zeros, as a loss of power leaves it, is cut off', async () => {
    const log = await logIn(parent);
    await fill(log.config, 7);
    const { size } = await stat(log.file);
    await truncate(log.file, size + 4_096);
    const audit = await openAudit(log.config);
    assert.equal(audit.torn_bytes, 4_096);
    await audit.close();
    assert.equal((await stat(log.file)).size, size);
  });

  for (const mode of ['buffered', 'group_commit'] as const) {
    test(`${mode}: the chain goes on over restarts, with a checkpoint per interval and at each close`, async () => {
      const log = await logIn(parent, mode, 5);
      await fill(log.config, 3);
      await fill(log.config, 11);
      const sizes = (await log.checkpoints()).map(({ note }) => Number(note.split('\n')[1]));
      assert.deepEqual(sizes[0], 3);
      assert.deepEqual(sizes.at(-1), 14);
      assert.ok(
        sizes.some((size) => size >= 8 && size < 14),
        String(sizes),
      );
      const found = await verifyLog(log.file, { checkpoints: await log.checkpoints(), publicKey: log.publicKey });
      assert.deepEqual([found.ok, found.records, found.covered], [true, 14, 14]);
      // Nothing new, nothing signed.
      await fill(log.config, 0);
      assert.equal((await log.checkpoints()).length, sizes.length);
    });
  }

  test('a log that its latest checkpoint does not fit, or that is no chain, is not continued', async () => {
    const log = await logIn(parent);
    await fill(log.config, 10);
    const bytes = await readFile(log.file, 'utf8');
    const lines = bytes.split('\n').slice(0, -1);
    const refused = async (content: string): Promise<void> => {
      await writeFile(log.file, content);
      await assert.rejects(openAudit(log.config), { code: 'INTEGRITY' });
      assert.equal(await readFile(log.file, 'utf8'), content, 'evidence is left as it is');
    };
    await refused('');
    await refused(`${lines.slice(0, 9).join('\n')}\n`);
    await refused(bytes.replace('"agent":"odd"', '"agent":"eve"'));
    await refused(`${bytes}{"no":"record"}\n`);
    const rewritten = new Chain();
    await refused(
      lines
        .map((line, i) => `${rewritten.append({ ...JSON.parse(line), ...(i === 4 ? { agent: 'eve' } : {}) })}\n`)
        .join(''),
    );
  });

  test('checkpoints: refused beside the log, with a foreign key, with another origin', async () => {
    const log = await logIn(parent);
    await fill(log.config, 2);
    const checkpoints = log.config.checkpoints!;
    const opened = (changes: Partial<typeof checkpoints>): Promise<unknown> =>
      openAudit({ ...log.config, checkpoints: { ...checkpoints, ...changes } });
    await assert.rejects(opened({ dir: join(log.dir, '..') }), { code: 'CONFIG' });
    await assert.rejects(opened({ origin: 'two words' }), { code: 'CONFIG' });
    await assert.rejects(opened({ every_records: 0 }), { code: 'CONFIG' });
    await assert.rejects(opened({ origin: 'other.example' }), { code: 'INTEGRITY' });
    await assert.rejects(opened({ key_file: (await logIn(parent)).key_file }), { code: 'INTEGRITY' });
  });

  test('while a checkpoint cannot be written, requests are refused; then it mends itself', async () => {
    const log = await logIn(parent, 'group_commit', 2);
    const audit = await openAudit(log.config);
    await rm(log.dir, { recursive: true });
    for (let i = 0; i < 2; i++) await audit.commit!(recordOf({}));
    await until(() => !audit.healthy);
    assert.throws(() => audit.decide(), { code: 'STORE' });
    await mkdir(log.dir);
    await until(() => {
      try {
        audit.decide();
      } catch {
        return false;
      }
      return true;
    });
    await audit.close();
    assert.equal((await log.checkpoints()).length, 1);
  });
});
