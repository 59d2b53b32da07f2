/** The two processes as processes: they end with their parent, and leave no word on a port that is taken. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { AuthMethods, ToolsMethods } from '#contract/control.ts';
import { startTestbed, startTier } from './testing.ts';
import { listen } from './tier.ts';

/** Not there, or dead and waiting to be collected by whoever adopted it. */
function isGone(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

test('both end when their parent is killed outright', { timeout: 30_000 }, async () => {
  const parent = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { startTestbed } from ${JSON.stringify(new URL('./testing.ts', import.meta.url).href)};
       const bed = await startTestbed({ service_time: { kind: 'lognormal', seed: 's', median_us: 1000, sigma: 0.5 } });
       console.log(JSON.stringify([bed.authControl.child.pid, bed.toolsControl.child.pid]));
       setInterval(() => {}, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  const pids = JSON.parse(line) as number[];
  assert.deepEqual(pids.map(isGone), [false, false]);
  parent.kill('SIGKILL');
  // The test's own deadline is the limit.
  while (!pids.every(isGone)) await new Promise((resolve) => setTimeout(resolve, 20));
});

test('stop is answered, and the process ends with 0', async () => {
  const bed = await startTestbed({ service_time: { kind: 'lognormal', seed: 's', median_us: 1_000, sigma: 0.5 } });
  const controls = [bed.authControl, bed.toolsControl];
  const exits = controls.map((control) => once(control.child, 'exit'));
  for (const control of controls) assert.equal(await control.call('stop'), undefined);
  assert.deepEqual(await Promise.all(exits), [
    [0, null],
    [0, null],
  ]);
});

test('gc is answered; what needs a configuration says so before it has one', async () => {
  const tools = startTier<ToolsMethods>('tools', new URL('./tools/main.ts', import.meta.url));
  assert.equal(await tools.call('gc'), undefined);
  await assert.rejects(tools.call('effects'), { code: 'CONFIG' });
  await assert.rejects(tools.call('drain'), { code: 'CONFIG' });
  tools.child.disconnect();
  await once(tools.child, 'exit');
});

test('a port that is taken is named', async () => {
  const squatter = createServer();
  const port = Number(new URL(await listen(squatter)).port);
  const auth = startTier<AuthMethods>('auth', new URL('./auth/main.ts', import.meta.url));
  await assert.rejects(
    auth.call('configure', {
      telemetry: { service: 'weighbridge-auth', instance: 'auth/test', mode: 'off' },
      port,
      access_token_ttl_ms: 1_000,
      clients: [],
      push_secret: 'x',
    }),
    { code: 'PORT_TAKEN', where: `127.0.0.1:${port}` },
  );
  squatter.close();
  auth.child.disconnect();
  await once(auth.child, 'exit');
});

test('neither prints anything while it is used: no notices of a library, no warnings', async () => {
  const script = `
    import { startTestbed } from ${JSON.stringify(new URL('./testing.ts', import.meta.url).href)};
    import { login, refresh } from ${JSON.stringify(new URL('./testing_login.ts', import.meta.url).href)};
    const bed = await startTestbed({ shown: true });
    const scope = 'read:mail', resource = 'urn:weighbridge:tools';
    const tokens = await login({ issuer: bed.auth.issuer, client_id: 'agent', scope, resource });
    for (let i = 0; i < 2; i++) {
      await refresh(bed.auth.token_endpoint, { client_id: 'agent', refresh_token: tokens.refresh_token });
    }
    await fetch(bed.tools.url + '/mail/messages', { headers: { authorization: 'Bearer ' + tokens.access_token } });
    await bed.authControl.call('revoke', { client_id: 'agent' });
    await fetch(bed.auth.issuer + '/auth?client_id=nobody');
    await bed.stop();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const [code] = await once(child, 'close');
  assert.deepEqual([code, said], [0, '']);
});
