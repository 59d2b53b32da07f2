/** Mode `group_commit`: norms 26, 36 and 37, first on a disk that can be told what to do, then through a whole gateway. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { GatewayConfig } from '#contract/config.ts';
import { Authority, gatewayTo, get, Origin, post, RawClient, send, until } from '../testing.ts';
import { emptyLog } from './audit.ts';
import { Chain } from './chain.ts';
import { GroupCommitAudit } from './groupCommit.ts';
import { openAudit } from './open.ts';
import { recover } from './recover.ts';
import { fill, logIn, recordOf, recordsOf, SmallDisk } from './testing.ts';
import { verifyLog } from './verify.ts';

const deferred = (): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } =>
  Promise.withResolvers<void>();

describe('a batch', () => {
  test('norm 36: nobody is told before the sync has ended, and many share one', async () => {
    const disk = new SmallDisk(1_000_000);
    const gate = deferred();
    disk.onSync = () => gate.promise;
    const audit = new GroupCommitAudit(emptyLog(disk));
    let told = 0;
    const commits = Array.from({ length: 50 }, (_, i) =>
      audit.commit(recordOf({ reason: String(i) })).then(() => {
        told++;
        assert.ok(disk.records.slice(0, disk.durable_bytes).length > 0);
      }),
    );
    await until(() => disk.records.length === 50);
    assert.equal(told, 0, 'written, but not durable');
    gate.resolve();
    await Promise.all(commits);
    assert.deepEqual([told, disk.syncs], [50, 1]);
    await audit.close();
  });

  test('what comes while one is being synced is the next one, in order', async () => {
    const disk = new SmallDisk(1_000_000);
    const gate = deferred();
    disk.onSync = () => gate.promise;
    const audit = new GroupCommitAudit(emptyLog(disk));
    const first = audit.commit(recordOf({ reason: 'first' }));
    await until(() => disk.records.length === 1);
    const later = ['second', 'third'].map((reason) => audit.commit(recordOf({ reason })));
    assert.equal(disk.records.length, 1);
    gate.resolve();
    await Promise.all([first, ...later]);
    assert.deepEqual(
      disk.records.map((r) => [r.seq, r.reason]),
      [
        [0, 'first'],
        [1, 'second'],
        [2, 'third'],
      ],
    );
    assert.equal(disk.syncs, 2);
    await audit.close();
  });

  test('outcomes make nobody wait: they ride along, or go with a flush', async () => {
    const disk = new SmallDisk(1_000_000);
    const audit = new GroupCommitAudit(emptyLog(disk));
    audit.note(recordOf({ event: 'outcome' }));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(disk.written, '');
    await audit.commit(recordOf({ event: 'decision', status: 0 }));
    assert.deepEqual(
      disk.records.map((r) => r.event),
      ['outcome', 'decision'],
    );
    assert.equal(disk.syncs, 1);
    audit.note(recordOf({ event: 'outcome' }));
    await audit.flush();
    assert.equal(disk.records.length, 3);
    assert.equal(disk.durable_bytes, disk.written.length);
    await audit.close();
  });

  test('norm 37: a full disk refuses who waits and leaves no torn record; outcomes stay, and it mends itself', async () => {
    const disk = new SmallDisk(1_000_000);
    const audit = new GroupCommitAudit(emptyLog(disk));
    await audit.commit(recordOf({ reason: 'kept' }));
    const before = disk.written;
    disk.room_bytes = 150;
    audit.note(recordOf({ event: 'outcome', reason: 'happened' }));
    await assert.rejects(audit.commit(recordOf({ reason: 'refused' })), { code: 'STORE' });
    assert.equal(disk.written, before);
    assert.equal(audit.healthy, false);
    await assert.rejects(audit.commit(recordOf({ reason: 'refused again' })), { code: 'STORE' });
    disk.room_bytes = 1_000_000;
    assert.equal(audit.decide(), undefined);
    await audit.commit(recordOf({ reason: 'later' }));
    assert.equal(audit.healthy, true);
    assert.deepEqual(
      disk.records.map((r) => r.reason),
      ['kept', 'happened', 'later'],
    );
    const chain = new Chain();
    for (const record of disk.records) {
      assert.deepEqual([record.seq, record.prev], [chain.size, chain.prev]);
      chain.append(record);
    }
    await audit.close();
  });

  test('after a failed sync nothing is trusted, and nothing written, until the next start', async () => {
    const disk = new SmallDisk(1_000_000);
    const audit = new GroupCommitAudit(emptyLog(disk));
    disk.onSync = () => Promise.reject(new Error('EIO'));
    await assert.rejects(audit.commit(recordOf({})), { code: 'STORE' });
    disk.onSync = undefined;
    const written = disk.written;
    assert.throws(() => audit.decide(), { code: 'STORE' });
    await assert.rejects(audit.commit(recordOf({})), { code: 'STORE' });
    audit.note(recordOf({}));
    await audit.flush();
    assert.equal(disk.written, written);
    await audit.close();
  });

  test('a queue that is full refuses, and empties once the disk takes records again', async () => {
    const disk = new SmallDisk(0);
    const audit = new GroupCommitAudit(emptyLog(disk));
    for (let i = 0; i < 20_000; i++) audit.note(recordOf({ event: 'outcome' }));
    assert.throws(() => audit.decide(), { code: 'STORE' });
    await audit.flush();
    assert.equal(disk.written, '');
    disk.room_bytes = Number.POSITIVE_INFINITY;
    disk.write = async (data, offset) => ({ bytesWritten: data.length - offset });
    assert.throws(() => audit.decide(), { code: 'STORE' });
    await audit.flush();
    assert.equal(audit.decide(), undefined);
    await audit.close();
  });
});

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

describe('a gateway', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'audit-gateway-'));
  });
  after(() => rm(directory, { recursive: true }));

  test('an allowed request: its decision before, its outcome after; a denial: one record', async () => {
    const file = join(directory, 'a.jsonl');
    const authority = await Authority.start();
    const origin = await Origin.start();
    const controls: GatewayConfig['controls'] = {
      bearer: authority.verifier,
      policy: { agents: [{ agent_id: 'agent', scopes: ['read:calendar', 'write:payments'] }], max_payment_cents: 100 },
      audit: { file, mode: 'group_commit' },
    };
    const gateway = await gatewayTo(origin.url, controls);
    assert.equal(gateway.audit_mode, 'group_commit');
    const token = `Authorization: Bearer ${await authority.token()}`;
    const pay = (amount: number) =>
      post('/payments/payments', `{"amount_cents":${amount}}`, token, 'Content-Type: application/json');
    assert.equal((await send(gateway.url, pay(100))).status, 200);
    assert.equal((await send(gateway.url, pay(101))).status, 403);
    assert.equal((await send(gateway.url, get('/calendar/events'))).status, 401);
    assert.equal((await send(gateway.url, get('/a/../b', token))).status, 400);
    await gateway.drain();
    const records = await recordsOf(file);
    const shape = records.map((r) => [r.event, r.decision, r.control, r.reason, r.status]);
    assert.deepEqual(
      shape.filter(([event]) => event !== 'outcome'),
      [
        ['decision', 'allow', '', '', 0],
        ['request', 'deny', 'gateway/policy', 'payment-limit', 403],
        ['request', 'deny', 'gateway/bearer', 'no token', 401],
        ['request', 'deny', 'gateway/protocol', 'bad_target', 400],
      ],
    );
    const [outcome, ...none] = records.filter((r) => r.event === 'outcome');
    assert.deepEqual([outcome?.decision, outcome?.status, none.length], ['allow', 200, 0]);
    const decision = records.find((r) => r.event === 'decision')!;
    assert.equal(decision.trace_id, outcome!.trace_id);
    assert.equal(decision.span_id, outcome!.span_id);
    assert.equal(decision.arguments_sha256.length, 64);
    await gateway.close();
    assert.equal((await verifyLog(file)).ok, true);
    await origin.stop();
    await authority.stop();
  });

  test('norm 36: nothing goes upstream, and no denial is answered, while its record is not durable', async () => {
    const disk = new SmallDisk(1_000_000);
    const gate = deferred();
    disk.onSync = () => gate.promise;
    const origin = await Origin.start();
    const audit = new GroupCommitAudit(emptyLog(disk));
    const gateway = await gatewayTo(origin.url, {}, { audit });
    const allowed = new RawClient(gateway.url);
    allowed.write(get('/calendar/events'));
    await until(() => disk.records.length === 1);
    const denied = new RawClient(gateway.url);
    denied.write(get('/a/../b'));
    // A third request, answered without the audit, shows that the gateway had the time to answer the second.
    const malformed = await send(gateway.url, 'GET / HTTP/1.1\r\n\r\n');
    assert.equal(malformed.status, 400);
    assert.deepEqual([origin.received, allowed.answer.raw, denied.answer.raw], ['', '', '']);
    gate.resolve();
    assert.equal((await allowed.untilEnd()).status, 200);
    assert.equal((await denied.untilEnd()).status, 400);
    await gateway.close();
    await origin.stop();
  });

  test('norm 26: the very first request that cannot be recorded gets a 503, and nothing goes upstream', async () => {
    const disk = new SmallDisk(0);
    const origin = await Origin.start();
    const gateway = await gatewayTo(origin.url, {}, { audit: new GroupCommitAudit(emptyLog(disk)) });
    for (const request of [get('/calendar/events'), get('/a/../b'), post('/mail/messages', 'text')]) {
      const answer = await send(gateway.url, request);
      assert.equal(answer.status, 503);
      assert.deepEqual(answer.fields.get('weighbridge-denied-by'), ['gateway/audit']);
    }
    assert.deepEqual([origin.received, disk.written], ['', '']);
    disk.room_bytes = 1_000_000;
    assert.equal((await send(gateway.url, get('/calendar/events'))).status, 200);
    await gateway.close();
    assert.deepEqual(
      disk.records.map((r) => r.event),
      ['decision', 'outcome'],
    );
    await origin.stop();
  });

  test('an agent that goes away while its decision is recorded: nothing goes upstream, and the log says so', async () => {
    const disk = new SmallDisk(1_000_000);
    const gate = deferred();
    disk.onSync = () => gate.promise;
    const origin = await Origin.start();
    const audit = new GroupCommitAudit(emptyLog(disk));
    const note = audit.note.bind(audit);
    let noticed = false;
    audit.note = (record) => {
      noticed = true;
      note(record);
    };
    const gateway = await gatewayTo(origin.url, {}, { audit });
    const client = new RawClient(gateway.url);
    client.write(get('/calendar/events'));
    await until(() => disk.records.length === 1);
    client.socket.destroy();
    await until(() => noticed);
    const next = new RawClient(gateway.url);
    next.write(get('/mail/messages'));
    gate.resolve();
    await next.untilEnd();
    assert.ok(!origin.received.includes('/calendar'));
    await gateway.close();
    const [first] = disk.records;
    assert.deepEqual(
      disk.records.filter((r) => r.trace_id === first!.trace_id).map((r) => [r.event, r.status]),
      [
        ['decision', 0],
        ['outcome', 0],
      ],
    );
    await origin.stop();
  });

  test('fifty at once: each on record before its answer, all chained', async () => {
    const file = join(directory, 'fifty.jsonl');
    const origin = await Origin.start();
    const gateway = await gatewayTo(origin.url, { audit: { file, mode: 'group_commit' } });
    const traces = Array.from({ length: 50 }, (_, i) => (i + 1).toString(16).padStart(32, '0'));
    await Promise.all(
      traces.map(async (trace) => {
        const answer = await send(gateway.url, get('/calendar/events', `traceparent: 00-${trace}-00f067aa0ba902b7-01`));
        assert.equal(answer.status, 200);
        assert.ok((await readFile(file, 'utf8')).includes(`"trace_id":"${trace}"`));
      }),
    );
    await gateway.close();
    const { ok, records } = await verifyLog(file);
    assert.deepEqual([ok, records], [true, 100]);
    await origin.stop();
  });
});
