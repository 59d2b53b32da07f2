/** Mode `group_commit`: norms 26, 36 and 37, first on a disk that can be told what to do, then through a whole gateway. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Authority, gatewayTo, get, Origin, post, RawClient, send, until } from '../testing.ts';
import { emptyLog } from './audit.ts';
import { Chain } from './chain.ts';
import { GroupCommitAudit } from './groupCommit.ts';
import { auditedGateway, recordOf, recordsOf, SmallDisk } from './testing.ts';
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

describe('a gateway', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'audit-gateway-'));
  });
  after(() => rm(directory, { recursive: true }));

  test('an allowed request: its decision before, its outcome after; a denial: one record', async () => {
    const file = join(directory, 'a.jsonl');
    const { gateway, token, pay, stop } = await auditedGateway({ file, mode: 'group_commit' });
    assert.equal(gateway.audit_mode, 'group_commit');
    assert.equal((await pay(100)).status, 200);
    assert.equal((await pay(101)).status, 403);
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
    await stop();
    assert.equal((await verifyLog(file)).ok, true);
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

  test('a body that breaks while a control waits: the denial is the last word, no control is asked after it', async () => {
    const disk = new SmallDisk(1_000_000);
    const [token, gate] = [deferred(), deferred()];
    disk.onSync = () => gate.promise;
    const authority = await Authority.start();
    authority.onToken = () => ({ status: 200, body: { access_token: 't', expires_in: 60 }, after: token.promise });
    const origin = await Origin.start();
    const audit = new GroupCommitAudit(emptyLog(disk));
    const { commit } = audit;
    let commits = 0;
    audit.commit = (record) => {
      commits++;
      return commit(record);
    };
    const { token_endpoint } = authority;
    const credentials = { token_endpoint, client_id: 'vault', client_secret: 's', scopes: [], resource: 'urn:tools' };
    // The budget has the body read, and it is too long to be held: it is still coming in while the vault waits.
    const controls = {
      bearer: authority.verifier,
      budget: { window: 'lifetime', agent_cents: 1 },
      credentials,
    } as const;
    const gateway = await gatewayTo(origin.url, controls, { audit, limits: { buffered_body_bytes: 1 } });
    const as = `Authorization: Bearer ${await authority.token()}`;
    const broken = new RawClient(gateway.url);
    const fields = `Host: gw.test\r\n${as}\r\nTransfer-Encoding: chunked`;
    broken.write(`GET /calendar/events HTTP/1.1\r\n${fields}\r\n\r\n2\r\nab\r\n`);
    await until(() => authority.tokenRequests.length === 1);
    broken.write('no size\r\n');
    await until(() => disk.records.length === 1);
    const next = new RawClient(gateway.url);
    next.write(get('/calendar/events', as));
    // It waits for the same token, behind the broken one: its decision shows that both have gone on.
    token.resolve();
    await until(() => commits >= 2);
    gate.resolve();
    assert.equal((await broken.untilEnd()).status, 400);
    assert.equal((await next.untilEnd()).status, 200);
    await gateway.close();
    const [denial] = disk.records;
    assert.deepEqual(
      disk.records.filter((r) => r.trace_id === denial!.trace_id).map((r) => [r.event, r.decision]),
      [['request', 'deny']],
    );
    assert.equal(origin.heads.length, 1);
    await origin.stop();
    await authority.stop();
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
