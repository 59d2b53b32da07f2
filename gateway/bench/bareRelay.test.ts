/** The yardstick must do the job that it is a yardstick for. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { get, Origin, post, send } from '../testing.ts';

for (const how of ['request', 'dispatch']) {
  test(`the bare relay (${how}) relays both ways, survives a dead upstream, and ends with its input`, async () => {
    const origin = await Origin.start();
    const script = fileURLToPath(new URL('./bareRelay.ts', import.meta.url));
    const child = spawn(process.execPath, [script, origin.url, how], { stdio: ['pipe', 'pipe', 'inherit'] });
    const url = await new Promise<string>((resolve) =>
      child.stdout.once('data', (line) => resolve(String(line).trim())),
    );
    const answer = await send(url, get('/a?b', 'X-A: 1'));
    assert.deepEqual([answer.status, answer.body, origin.field('x-a')], [200, 'ok', '1']);
    assert.equal((await send(url, post('/a', 'hello'))).status, 200);
    assert.ok(origin.received.endsWith('hello'));
    await origin.stop();
    assert.equal((await send(url, get('/'))).status, 502);
    child.stdin.end();
    assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 0);
  });
}
