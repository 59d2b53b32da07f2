/** Other people's relays in front of the same tools, each its own process; one that is not installed is left out, aloud. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Relay {
  name: string;
  url: string;
  child: ChildProcess;
}

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A port that was free a moment ago; for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const installed = (program: string): boolean => spawnSync(program, ['-v']).error === undefined;

async function listening(port: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await pause(20);
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** A Node relay that prints its URL on its first line of output, and ends when its input does. */
export async function nodeRelay(name: string, path: string, upstream: string): Promise<Relay> {
  const child = spawn(process.execPath, [script(path), upstream], { stdio: ['pipe', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return { name, url, child };
}

export async function nginxRelay(upstream: string): Promise<Relay | null> {
  if (!installed('nginx')) return null;
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'weighbridge-nginx-'));
  const config = `daemon off; worker_processes 1; pid ${dir}/pid; error_log stderr crit;
events { worker_connections 512; }
http {
  access_log off; keepalive_timeout 130s; keepalive_requests 1000000;
  client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
  upstream tools { server ${new URL(upstream).host}; keepalive 64; keepalive_requests 1000000; keepalive_timeout 120s; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://tools; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}`;
  writeFileSync(join(dir, 'nginx.conf'), config);
  const child = spawn('nginx', ['-c', join(dir, 'nginx.conf'), '-p', dir], { stdio: ['ignore', 'ignore', 'inherit'] });
  await listening(port);
  return { name: 'nginx', url: `http://127.0.0.1:${port}`, child };
}

export async function haproxyRelay(upstream: string): Promise<Relay | null> {
  if (!installed('haproxy')) return null;
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'weighbridge-haproxy-'));
  const config = `global
  maxconn 512
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 130s
  timeout server 130s
  timeout http-keep-alive 130s
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  default_backend tools
backend tools
  server tools ${new URL(upstream).host}
`;
  writeFileSync(join(dir, 'haproxy.cfg'), config);
  const child = spawn('haproxy', ['-f', join(dir, 'haproxy.cfg'), '-q'], { stdio: ['ignore', 'ignore', 'inherit'] });
  await listening(port);
  return { name: 'haproxy', url: `http://127.0.0.1:${port}`, child };
}
