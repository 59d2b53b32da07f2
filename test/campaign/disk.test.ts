import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { scratch, start, weighbridge } from './harness.ts';
import { manifestOf, query, shortCampaign } from './killing.ts';

const place = scratch();
after(() => place.remove());

interface Disk {
  /** As this process sees it, through /proc. */
  path: string;
  /** Runs a command where the disk stands at `place.dir`. */
  there: string[];
  unmount(): void;
}

/** A disk of its own in memory; null where none may be mounted. */
async function smallDisk(mib: number): Promise<Disk | null> {
  const mount = `mount -t tmpfs -o size=${mib}m none "$1" && echo mounted && exec cat`;
  const holder = spawn('unshare', ['-m', 'sh', '-c', mount, 'sh', place.dir], { stdio: ['pipe', 'pipe', 'ignore'] });
  const mounted = await new Promise<boolean>((resolve) => {
    holder.stdout.once('data', () => resolve(true));
    holder.once('error', () => resolve(false));
    holder.once('exit', () => resolve(false));
  });
  if (!mounted) return null;
  return {
    path: `/proc/${holder.pid}/root${place.dir}`,
    there: ['nsenter', '-t', String(holder.pid), '-m'],
    unmount: () => holder.kill(),
  };
}

/** Writes until nothing more goes in. A full disk takes less than it was given, or nothing, with an error. */
function fill(file: string): void {
  const handle = openSync(file, 'w');
  try {
    for (const chunk of [Buffer.alloc(1 << 20), Buffer.alloc(1)]) {
      try {
        while (writeSync(handle, chunk) > 0);
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      }
    }
  } finally {
    closeSync(handle);
  }
}

test('the disk fills within a campaign: it stops and says so, whole blocks stay, and with space it goes on', async (t) => {
  const disk = await smallDisk(48);
  if (!disk) return t.skip('no file system can be mounted here');
  try {
    const dir = join(disk.path, 'results');
    const filler = join(disk.path, 'filler');
    const out = ['--out', join(place.dir, 'results')];
    const here = (...args: string[]) => start(args, undefined, disk.there);
    const { child, ended } = here('run', ...shortCampaign, '--seed', 'full', ...out);
    const checkpoint = () => JSON.parse(readFileSync(join(dir, 'progress.json'), 'utf8'));
    for (let whole = 0; whole === 0; ) {
      await pause(20);
      assert.equal(child.exitCode, null, 'it ended before the disk was full');
      try {
        whole = checkpoint().blocks.length;
      } catch {
        // Not there yet.
      }
    }
    fill(filler);
    const { code, stderr } = await ended;
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^STORE: .*(no space left|ENOSPC)/im);
    assert.match(stderr, /1 whole block is kept/);
    assert.match(stderr, /go on with: npx weighbridge run --resume/);
    assert.deepEqual(checkpoint().blocks.length, 1);
    assert.ok(readdirSync(join(dir, 'blocks/000')).includes('spans.parquet'));

    const stillFull = await here('run', '--resume', ...out).ended;
    assert.equal(stillFull.code, 1, stillFull.stderr);
    assert.match(stillFull.stderr, /no space left|ENOSPC/i);

    rmSync(filler);
    const resumed = await here('run', '--resume', ...out).ended;
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(manifestOf(dir).status, 'complete');
    const [calls] = await query(dir, 'select count(*) n, count(distinct (block, arm, call_id)) d from {calls}');
    assert.ok(Number(calls!.n) > 0);
    assert.equal(calls!.n, calls!.d);
    assert.equal((await weighbridge(['verify', dir])).code, 0);
  } finally {
    disk.unmount();
  }
});
