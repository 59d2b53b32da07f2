/** Norm 26 for the audit in mode `buffered`, and what a record holds. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, mock, test } from 'node:test';
import { gatewayTo, get, Origin, RawClient, send, until } from '../testing.ts';
import { emptyLog } from './audit.ts';
import { BufferedAudit } from './buffered.ts';
import { Checkpointing } from './checkpointing.ts';
import { Checkpoints } from './checkpoints.ts';
import { openAudit } from './open.ts';
import type { AuditRecord } from './record.ts';
import { auditedGateway, logIn, recordOf, recordsOf, SmallDisk } from './testing.ts';

const record = (reason: string): AuditRecord => recordOf({ reason });

describe('audit, buffered', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'audit-'));
  });
  after(() => rm(directory, { recursive: true }));

  test('one record per request: who, what, decision, status, and a digest of the arguments', async () => {
    const file = join(directory, 'a.jsonl');
    const { gateway, token, pay, stop } = await auditedGateway({ file, mode: 'buffered' });
    assert.equal(gateway.audit_mode, 'buffered');
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    await send(gateway.url, get('/calendar/events?day=1', token, `traceparent: 00-${trace}-00f067aa0ba902b7-01`));
    await pay(100);
    await pay(101);
    await send(gateway.url, get('/calendar/events'));
    await send(gateway.url, get('/nowhere', token));
    await send(gateway.url, get('/a/../b', token));
    await gateway.drain();
    const records = await recordsOf(file);
    assert.deepEqual(
      records.map((r) => [r.agent, r.operation, r.decision, r.control, r.reason, r.status]),
      [
        ['agent', 'calendar.list_events', 'allow', '', '', 200],
        ['agent', 'payments.create_payment', 'allow', '', '', 200],
        ['agent', 'payments.create_payment', 'deny', 'gateway/policy', 'payment-limit', 403],
        ['', 'calendar.list_events', 'deny', 'gateway/bearer', 'no token', 401],
        ['agent', 'unknown', 'deny', 'gateway/policy', 'unknown operation', 403],
        ['', 'unknown', 'deny', 'gateway/protocol', 'bad_target', 400],
      ],
    );
    assert.equal(records[0]!.trace_id, trace);
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    assert.equal(records[0]!.arguments_sha256, sha256('/calendar/events?day=1\n'));
    assert.equal(records[2]!.arguments_sha256, sha256('/payments/payments\n{"amount_cents":101}'));
    assert.ok(records.every((r) => !Number.isNaN(Date.parse(r.time))));
    assert.ok(records.every((r, i) => r.event === 'request' && r.seq === i));
    await stop();
  });

  test('records are appended, and closing writes what is left', async () => {
    const file = join(directory, 'b.jsonl');
    const origin = await Origin.start();
    for (let i = 0; i < 2; i++) {
      const gateway = await gatewayTo(origin.url, { audit: { file, mode: 'buffered' } });
      await send(gateway.url, get('/calendar/events'));
      await gateway.close();
    }
    assert.equal((await recordsOf(file)).length, 2);
    await origin.stop();
  });

  test('an agent that goes away leaves a record too', async () => {
    const file = join(directory, 'c.jsonl');
    const origin = await Origin.start(() => undefined);
    const gateway = await gatewayTo(origin.url, { audit: { file, mode: 'buffered' } });
    const client = new RawClient(gateway.url);
    client.write(get('/calendar/events'));
    await until(() => origin.received !== '');
    client.socket.destroy();
    await until(() => origin.closed === 1);
    await gateway.drain();
    assert.deepEqual(
      (await recordsOf(file)).map((r) => r.status),
      [0],
    );
    await gateway.close();
    await origin.stop();
  });

  test('norm 26: while it cannot write, every request is refused and nothing goes upstream', async () => {
    const origin = await Origin.start();
    // Every write to this device says that the disk is full.
    const gateway = await gatewayTo(origin.url, { audit: { file: '/dev/full', mode: 'buffered' } });
    assert.equal((await send(gateway.url, get('/calendar/events'))).status, 200, 'nobody knows yet');
    await gateway.drain();
    origin.received = '';
    const answer = await send(gateway.url, get('/calendar/events'));
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.fields.get('weighbridge-denied-by'), ['gateway/audit']);
    assert.equal(origin.received, '');
    await gateway.close();
    await origin.stop();
  });

  test('a full disk that only counts short: refused, and no record is lost or torn once there is room again', async () => {
    const disk = new SmallDisk(250);
    const audit = new BufferedAudit(emptyLog(disk));
    for (let i = 0; i < 5; i++) audit.note(record(`first ${i}`));
    await audit.flush();
    assert.equal(audit.healthy, false);
    assert.throws(() => audit.decide(), { code: 'STORE' });
    audit.note(record('in flight'));
    disk.room_bytes = 1_000_000;
    await audit.flush();
    assert.equal(audit.healthy, true);
    assert.equal(audit.decide(), undefined);
    const reasons = disk.records.map((r) => r.reason);
    assert.deepEqual(reasons, ['first 0', 'first 1', 'first 2', 'first 3', 'first 4', 'in flight']);
    await audit.close();
  });

  test('after a failed fdatasync nothing is written, signed or let in: the next one would tell nothing', async () => {
    const log = await logIn(directory, 'buffered', 5);
    const disk = new SmallDisk(1_000_000);
    // As Linux does it: the pages are dropped, and the next one, with nothing to write, succeeds.
    disk.onSync = async () => {
      disk.onSync = undefined;
      throw new Error('EIO');
    };
    const checkpointing = new Checkpointing(await Checkpoints.open(log.config.checkpoints!, log.file));
    const audit = new BufferedAudit({ ...emptyLog(disk), checkpointing });
    for (let i = 0; i < 6; i++) audit.note(record(`${i}`));
    await audit.flush();
    const { written } = disk;
    audit.note(record('later'));
    await audit.flush();
    assert.equal(audit.healthy, false);
    assert.throws(() => audit.decide(), { code: 'STORE' });
    await audit.close();
    assert.equal(disk.written, written);
    assert.deepEqual(await log.checkpoints(), []);
  });

  test('norm 36: the name of a new log is durable before anything is acknowledged', async () => {
    const place = await mkdtemp(join(directory, 'new-'));
    const handle = await open(place, 'r');
    const { ino } = await handle.stat();
    const all = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const { sync } = all;
    const inodes: number[] = [];
    const spied = mock.method(all, 'sync', async function (this: FileHandle) {
      inodes.push((await this.stat()).ino);
      await sync.call(this);
    });
    try {
      for (const mode of ['buffered', 'group_commit'] as const) {
        await (await openAudit({ file: join(place, `${mode}.jsonl`), mode })).close();
      }
    } finally {
      spied.mock.restore();
    }
    assert.deepEqual(inodes, [ino, ino]);
  });

  test('records noted while a batch is being written are part of the flush that comes behind', async () => {
    const disk = new SmallDisk(1_000_000);
    const audit = new BufferedAudit(emptyLog(disk));
    audit.note(record('one'));
    const first = audit.flush();
    audit.note(record('two'));
    await Promise.all([first, audit.flush()]);
    assert.equal(disk.written.split('\n').length, 3);
    await audit.close();
  });

  test('a disk that does not keep up lets nobody in', async () => {
    let taken = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      taken = resolve;
    });
    const audit = new BufferedAudit(
      emptyLog({
        write: async (data, offset) => {
          await waiting;
          return { bytesWritten: data.length - offset };
        },
        sync: async () => undefined,
        truncate: async () => undefined,
        close: async () => undefined,
      }),
    );
    for (let i = 0; i < 30_000; i++) audit.note(record('x'));
    assert.throws(() => audit.decide(), { code: 'STORE' });
    taken();
    await audit.flush();
    assert.equal(audit.decide(), undefined);
    await audit.close();
  });

  test('a file that cannot be opened is refused at the start', async () => {
    await writeFile(join(directory, 'plain'), '');
    await assert.rejects(openAudit({ file: join(directory, 'plain', 'audit.jsonl'), mode: 'buffered' }), {
      code: 'CONFIG',
    });
  });
});
