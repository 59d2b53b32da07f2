import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CollectorMethods, ControlClient } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { readParquet, sampleDirectory } from './samples/collector.ts';
import { sampleAttempt, sampleCall, sampleResource } from './samples/rows.ts';
import { createTelemetry } from './telemetry/index.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

async function withCollector(
  work: (collector: ControlClient<CollectorMethods>, dir: string, child: ChildProcess) => Promise<void>,
) {
  const dir = await sampleDirectory();
  const child = fork(main, { serialization: 'advanced', execArgv: [] });
  const ended = once(child, 'exit');
  try {
    await work(new ControlClient<CollectorMethods>('collector', child), dir, child);
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
    await rm(dir, { recursive: true });
  }
}

test('a campaign’s way through the collector: configure, report, end blocks, merge, stop', () =>
  withCollector(async (collector, dir, child) => {
    const { otlp } = await collector.call('configure', { dir });
    const telemetry = createTelemetry({
      service: 'weighbridge-gateway',
      instance: 'gateway/gateway/001',
      mode: 'light',
      otlp,
      resource: { 'weighbridge.block': '1', 'weighbridge.arm': 'gateway' },
    });
    telemetry.root('warm-up', 'internal').end();
    await telemetry.drain();
    assert.equal((await collector.call('counts')).spans, 1);
    await collector.call('discard');

    const server = telemetry.root('GET /calendar/events', 'server');
    const client = telemetry.child(server, 'GET', 'client');
    client.set('weighbridge.call_id', 'tool-chain/0');
    client.set('http.response.status_code', 200);
    client.set('weighbridge.connection_reused', '1');
    client.end();
    telemetry.line(server, 'forwarded');
    server.end();
    await telemetry.drain();
    await collector.call('add_calls', { calls: [sampleCall(0)], attempts: [sampleAttempt(0)] });
    await collector.call('add_resources', { rows: [sampleResource()] });
    const expected = {
      calls: 1,
      attempts: 2,
      spans: 2,
      spans_by_service: { 'weighbridge-gateway': 2 },
      logs: 1,
      logs_by_service: { 'weighbridge-gateway': 1 },
      resources: 1,
      load: 0,
    };
    assert.deepEqual(await collector.call('counts'), expected);
    assert.deepEqual(await collector.call('end_block', { block: 1 }), expected);
    assert.equal((await collector.call('counts')).spans, 0);
    assert.deepEqual(await collector.call('merge', { voided: [] }), expected);
    assert.ok(!existsSync(join(dir, 'blocks')));
    const attempts = await readParquet(
      join(dir, 'attempts.parquet'),
      'SELECT leg, call_id, arm, block, status FROM file ORDER BY leg',
    );
    assert.deepEqual(attempts, [
      { leg: 'agent', call_id: 'tool-chain/0', arm: 'gateway', block: 1, status: 200 },
      { leg: 'gateway', call_id: 'tool-chain/0', arm: 'gateway', block: 1, status: 200 },
    ]);
    const ended = once(child, 'exit');
    await collector.call('stop');
    assert.deepEqual(await ended, [0, null]);
  }));

test('errors keep their code across the channel', () =>
  withCollector(async (collector, dir) => {
    const code = (expected: string) => (error: unknown) => error instanceof WeighbridgeError && error.code === expected;
    await assert.rejects(collector.call('counts'), code('INTERNAL'));
    await assert.rejects(collector.call('configure', { dir: '/dev/null/results' }), code('STORE'));
    const { otlp } = await collector.call('configure', { dir });
    await assert.rejects(
      collector.call('add_calls', { calls: [sampleCall(0, { slice: 0.5 })], attempts: [] }),
      code('STORE'),
    );
    await withCollector(async (other, otherDir) => {
      await assert.rejects(other.call('configure', { dir }), code('STORE'));
      const port = Number(new URL(otlp).port);
      await assert.rejects(other.call('configure', { dir: otherDir, port }), code('PORT_TAKEN'));
      await other.call('configure', { dir: otherDir });
    });
  }));

test('the collector ends when its parent is killed', { timeout: 60_000 }, async (context) => {
  const script = `
    import { fork } from 'node:child_process';
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'];
    const child = fork(${JSON.stringify(main)}, { serialization: 'advanced', execArgv: [], stdio });
    child.on('message', () => process.stdout.write(String(child.pid)));
    child.send({ id: 1, method: 'counts' });`;
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio });
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
  let ended = false;
  context.after(() => {
    if (!ended) process.kill(Number(pid), 'SIGKILL');
  });
  process.kill(Number(pid), 0);
  parent.kill('SIGKILL');
  // The collector holds the pipe too, and never closes it: the pipe's end is the end of both.
  await once(parent.stdout, 'close');
  ended = true;
});
