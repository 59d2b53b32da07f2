import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../bench/bench/relays.ts';
import { scratch, weighbridge } from './harness.ts';

test('an nginx in front of the tools is weighed like any arm', async (t) => {
  if (spawnSync('nginx', ['-v']).error) return t.skip('nginx is not installed');
  const place = scratch();
  const [port, upstream] = [await freePort(), await freePort()];
  const work = join(place.dir, 'nginx');
  mkdirSync(work);
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((n) => `${n}_temp_path "${work}";`).join(' ');
  writeFileSync(
    join(work, 'nginx.conf'),
    `daemon off; worker_processes 1; pid "${work}/pid"; error_log stderr crit;
events { worker_connections 256; }
http { access_log off; keepalive_timeout 130s; keepalive_requests 100000; ${temp}
  upstream tools { server 127.0.0.1:${upstream}; keepalive 16; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://tools; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`,
  );
  const nginx = spawn('nginx', ['-c', join(work, 'nginx.conf'), '-p', work, '-e', 'stderr'], { stdio: 'ignore' });
  try {
    const file = join(place.dir, 'campaign.yaml');
    writeFileSync(
      file,
      `version: 1
question: Does our nginx cost anything?
gateways:
  front: {attach: 'http://127.0.0.1:${port}', product: nginx@1, placement: sidecar, upstream: 'http://127.0.0.1:${upstream}'}
arms:
  direct: {agent: builtin, controls: off}
  direct-b: {agent: builtin, controls: off}
  front: {agent: builtin, controls: off, gateway: front}
`,
    );
    const dir = join(place.dir, 'out');
    const { code, stderr } = await weighbridge(['run', file, '--profile', 'smoke', '--out', dir]);
    assert.equal(code, 0, stderr);
    const analysis = JSON.parse(readFileSync(join(dir, 'analysis.json'), 'utf8'));
    const weighed = analysis.comparisons.filter(
      (c: { arm: string; metric: string }) => c.arm === 'front' && c.metric === 'felt_p50_shift',
    );
    assert.ok(weighed.length > 0);
    for (const c of weighed)
      assert.deepEqual(c.subject, { system: 'nginx@1', kind: 'real', placement: 'sidecar', protocol: 'http' });
  } finally {
    // Asked, not killed: a killed master leaves its worker behind.
    nginx.kill('SIGTERM');
    place.remove();
  }
});
