import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import { untilReady } from './starting.ts';
import { Supervisor } from './supervise.ts';

const never = new Promise<never>(() => undefined);
/** Far beyond what these tests take: another deadline must be the one that passes. */
const long_ms = 600_000;

let child: ChildProcess | undefined;
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  child = undefined;
});

function running(script: string): { name: string; pid: number; ready: Promise<unknown[]> } {
  child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return { name: 'slow', pid: child.pid!, ready: once(child, 'message') };
}

test('a tier that hangs idle at its start is given up', async () => {
  const supervisor = new Supervisor({ startDeadline: { idle_ms: 1_000, total_ms: long_ms } });
  const tier = supervisor.start('tools', 'tools');
  const gone = once(tier.control.child, 'exit');
  // Nobody configures it, so it starts and then waits for ever.
  await assert.rejects(supervisor.ready(tier, never), {
    code: 'DEADLINE',
    message: 'tools did not become ready: it did nothing for 1 s',
  });
  supervisor.killAll();
  await gone;
});

test('one that gets on is waited for, longer than one that does nothing', async () => {
  const slow = running(`const used_us = () => Object.values(process.cpuUsage()).reduce((a, b) => a + b);
    while (used_us() < 3e6);
    process.send('ready');`);
  assert.deepEqual((await untilReady(slow.ready, slow, { idle_ms: 2_000, total_ms: long_ms })).slice(0, 1), ['ready']);
});

test('one that is busy without end is given up in the end', async () => {
  const busy = running('for (;;);');
  await assert.rejects(untilReady(never, busy, { idle_ms: 2_000, total_ms: 4_000 }), {
    code: 'DEADLINE',
    message: 'slow did not become ready in 4 s',
  });
});

test('an error of the process itself comes at once', async () => {
  const idle = running('process.stdin.resume(); setInterval(() => 0, 1e6)');
  await assert.rejects(
    untilReady(Promise.reject(new Error('no')), idle, { idle_ms: long_ms, total_ms: long_ms }),
    /^Error: no$/,
  );
});
