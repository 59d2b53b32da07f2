/** Norms 26, 36 and 37 against real processes and a real full disk: kill -9 under load at each failpoint, and a small tmpfs. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { get, Origin, type RawAnswer, send } from '../testing.ts';
import { openAudit } from './open.ts';
import { recordsOf } from './testing.ts';
import { verifyLog } from './verify.ts';

const script = fileURLToPath(new URL('./testing_gateway.ts', import.meta.url));

interface Running {
  child: ChildProcess;
  url: string;
  ended: Promise<NodeJS.Signals | null>;
}

async function start(command: string, args: string[]): Promise<Running> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.once('data', (line) => resolve(String(line).trim()));
    child.once('exit', () => reject(new Error('it ended before it was ready')));
  });
  return { child, url, ended };
}

const traceOf = (i: number): string => (i + 1).toString(16).padStart(32, '0');
/** Every third request is one that the gateway refuses by itself. */
const requestOf = (i: number): string =>
  get(i % 3 === 2 ? '/a/../b' : '/calendar/events', `traceparent: 00-${traceOf(i)}-00f067aa0ba902b7-01`);

describe('kill -9 under load', () => {
  let parent: string;
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'audit-kill-'));
  });
  after(() => rm(parent, { recursive: true }));

  for (const where of ['half', 'written', 'synced', 'outside'] as const) {
    test(`${where}: no acknowledged record is lost, nothing unrecorded went upstream, the chain goes on`, async () => {
      const file = join(parent, `${where}.jsonl`);
      const origin = await Origin.start();
      const failpoint = where === 'outside' ? ['never', '0'] : [where, '12'];
      const gateway = await start(process.execPath, [script, origin.url, file, ...failpoint]);
      const acknowledged: string[] = [];
      let next = 0;
      const worker = async (): Promise<void> => {
        for (;;) {
          const i = next++;
          const answer = await send(gateway.url, requestOf(i)).catch(() => undefined);
          if (!answer || answer.status === 0) return;
          acknowledged.push(traceOf(i));
          if (where === 'outside' && acknowledged.length === 60) gateway.child.kill('SIGKILL');
        }
      };
      await Promise.all(Array.from({ length: 6 }, worker));
      assert.equal(await gateway.ended, 'SIGKILL');
      assert.ok(acknowledged.length >= 6, String(acknowledged.length));

      const audit = await openAudit({ file, mode: 'group_commit' });
      await audit.close();
      if (where === 'half') assert.ok(audit.torn_bytes > 0);
      const recorded = new Set((await recordsOf(file)).map((r) => r.trace_id));
      assert.deepEqual(
        acknowledged.filter((trace) => !recorded.has(trace)),
        [],
      );
      const upstream = [...origin.received.matchAll(/traceparent: 00-([0-9a-f]{32})/gi)].map((match) => match[1]!);
      assert.ok(upstream.length > 0);
      assert.deepEqual(
        upstream.filter((trace) => !recorded.has(trace)),
        [],
      );
      const before = await verifyLog(file);
      assert.equal(before.ok, true);

      const again = await start(process.execPath, [script, origin.url, file, 'never', '0']);
      assert.equal((await send(again.url, get('/calendar/events'))).status, 200);
      again.child.stdin!.end();
      await again.ended;
      const found = await verifyLog(file);
      assert.deepEqual([found.ok, found.records], [true, before.records + 2]);
      await origin.stop();
    });
  }
});

const canMount = spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0;

test('norms 26 and 37: a full disk (tmpfs): denied, nothing upstream, no torn record; then it goes on', {
  skip: canMount ? false : 'no mount namespace of its own is to be had here',
}, async () => {
  const disk = await mkdtemp(join(tmpdir(), 'audit-full-'));
  const file = join(disk, 'audit.jsonl');
  const origin = await Origin.start();
  const command =
    'mount -t tmpfs -o size=96k none "$1" && head -c 32768 /dev/zero > "$1/ballast" && shift && exec "$@"';
  const gateway = await start('unshare', [
    ...['-m', 'sh', '-c', command, 'sh', disk],
    ...[process.execPath, script, origin.url, file, 'never', '0'],
  ]);
  const inside = (name: string): string => `/proc/${gateway.child.pid}/root${join(disk, name)}`;
  const acknowledged: string[] = [];
  let refused: RawAnswer | undefined;
  for (let i = 0; refused === undefined; i++) {
    const answer = await send(gateway.url, requestOf(i));
    if (answer.status === 503) refused = answer;
    else acknowledged.push(traceOf(i));
    assert.ok(i < 1_000, 'the disk is never full');
  }
  assert.deepEqual(refused.fields.get('weighbridge-denied-by'), ['gateway/audit']);
  origin.received = '';
  for (let i = 0; i < 6; i++) assert.equal((await send(gateway.url, requestOf(i))).status, 503);
  assert.equal(origin.received, '');
  const full = await verifyLog(inside('audit.jsonl'));
  assert.deepEqual([full.ok, full.torn_bytes], [true, 0]);
  const recorded = new Set((await recordsOf(inside('audit.jsonl'))).map((r) => r.trace_id));
  assert.deepEqual(
    acknowledged.filter((trace) => !recorded.has(trace)),
    [],
  );

  await unlink(inside('ballast'));
  assert.equal((await send(gateway.url, get('/calendar/events'))).status, 200);
  const copy = join(disk, 'copy.jsonl');
  await mkdir(disk, { recursive: true });
  await writeFile(copy, await readFile(inside('audit.jsonl')));
  const found = await verifyLog(copy);
  assert.ok(found.ok && found.records > full.records);
  gateway.child.stdin!.end();
  await gateway.ended;
  await origin.stop();
  await rm(disk, { recursive: true });
});
