import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, beforeEach, test } from 'node:test';
import { ControlClient } from './control.ts';

interface Methods {
  never: { params: undefined; result: undefined };
  late: { params: undefined; result: string };
  loop: { params: undefined; result: undefined };
}

const script = `import { serveControl } from ${JSON.stringify(new URL('./control.ts', import.meta.url).href)};
  serveControl({
    never: () => new Promise(() => undefined),
    late: () => new Promise((resolve) => { setTimeout(() => resolve('late'), 300); }),
    loop: () => { for (;;); },
  });`;

let child: ChildProcess;
let client: ControlClient<Methods>;
beforeEach(() => {
  child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  client = new ControlClient<Methods>('a tier', child, (method) => (method === 'late' ? null : 200));
});
afterEach(() => child.kill('SIGKILL'));

test('a method that does not answer in its time: DEADLINE with the tier and the method; others go on', async () => {
  assert.ok(await client.answers(30_000));
  await assert.rejects(client.call('never'), {
    code: 'DEADLINE',
    where: 'a tier',
    message: 'a tier did not answer never in 0.2 s',
  });
  assert.equal(await client.call('late'), 'late', 'a method whose caller keeps the time has no deadline');
});

test('who hangs answers no ping; who is busy with something asynchronous does', async () => {
  assert.ok(await client.answers(30_000));
  const never = client.call('never').catch(() => undefined);
  assert.ok(await client.answers(30_000));
  await never;
  const loop = client.call('loop').catch(() => undefined);
  assert.equal(await client.answers(300), false);
  await loop;
});

test('a tier that dies: TIER_DEAD with its name, for calls under way and later ones; no ping is answered', async () => {
  assert.ok(await client.answers(30_000));
  const late = client.call('late');
  child.kill('SIGKILL');
  await assert.rejects(late, { code: 'TIER_DEAD', where: 'a tier', message: 'a tier ended (SIGKILL)' });
  await assert.rejects(client.call('never'), { code: 'TIER_DEAD' });
  assert.equal(await client.answers(1_000), false);
});
