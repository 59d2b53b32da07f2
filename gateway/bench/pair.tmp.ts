/**
 * Weighs the gateway's hop beside the bare relay's: `node gateway/bench/pair.ts [rounds]`. One call at a time, in slices
 * of 25 of which the first 5 are lead-in; every round has one slice per path, in an order that is drawn from a seed. The client is
 * this process; the tool, the relays and the gateways are processes of their own. Prints medians of the added time, and
 * their ratios: levels depend on the machine, ratios hardly.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'undici';
import type { GatewayConfig } from '#contract/config.ts';
import { ControlClient, type GatewayMethods } from '#contract/control.ts';
import { seededRandom } from '#contract/random.ts';
import { allScopes, gatewayAudience, toolsAudience } from '#contract/tools.ts';
import { startTestbed, type Testbed, testVaultSecret } from '../../bench/testbed/testing.ts';
import { login } from '../../bench/testbed/testing_login.ts';

const sliceCalls = 25;
const leadIn = 5;
const rounds = Number(process.argv[2] ?? 60);
const pause_ms = 5;
const warmUpRounds = 80;

interface Path {
  readonly name: string;
  readonly client: Client;
  readonly authorization: string;
  readonly drain: (() => Promise<unknown>) | undefined;
  readonly kept_us: number[];
  /** Median of each round's slice. */
  readonly medians_us: number[];
  /** Of the relay or gateway; undefined for the direct path. */
  readonly pid: number | undefined;
  cpu_us: number;
  calls: number;
}

/** CPU time of all of a process's threads, µs: steady on a busy machine, where latency is not. */
function cpu_us(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const tasks = readdirSync(`/proc/${pid}/task`);
  const ns = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]));
  return ns.reduce((sum, one) => sum + one, 0) / 1000;
}

const children: ChildProcess[] = [];

async function startRelay(upstream: string, how: string) {
  const script = fileURLToPath(new URL('./bareRelay.ts', import.meta.url));
  const child = spawn(process.execPath, [script, upstream, how], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  for await (const line of child.stdout) return { url: String(line).trim(), pid: child.pid };
  throw new Error('the relay did not start');
}

async function startGateway(config: Omit<GatewayConfig, 'telemetry'>, name: string) {
  const script = fileURLToPath(new URL('../main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', script], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  children.push(child);
  const control = new ControlClient<GatewayMethods>(name, child);
  const telemetry = {
    service: 'weighbridge-gateway',
    instance: `gateway/${name}`,
    mode: 'light' as const,
    raw_log: '/dev/null',
  };
  const { url } = await control.call('configure', { ...config, telemetry });
  const drain = async () => {
    await control.call('drain');
    await control.call('gc');
  };
  return { url, drain, pid: child.pid };
}

function controlsOf(testbed: Testbed): GatewayConfig['controls'] {
  return {
    bearer: testbed.verifier(gatewayAudience),
    policy: { agents: [{ agent_id: 'agent', scopes: [...allScopes] }], max_payment_cents: 100_000 },
    rate_limit: { points: 1_000_000, per_s: 1 },
    credentials: {
      token_endpoint: testbed.auth.token_endpoint,
      client_id: 'vault',
      client_secret: testVaultSecret,
      scopes: [...allScopes],
      resource: toolsAudience,
    },
    audit: { file: '/dev/null', mode: 'buffered' },
  };
}

async function tokenFor(testbed: Testbed, resource: string): Promise<string> {
  const scope = `openid offline_access ${allScopes.join(' ')}`;
  const tokens = await login({ issuer: testbed.auth.issuer, client_id: 'agent', scope, resource });
  return `Bearer ${tokens.access_token}`;
}

const payment = JSON.stringify({ payee: 'acme', amount_cents: 1250 });

async function call(path: Path, index: number): Promise<number> {
  const headers = {
    authorization: path.authorization,
    traceparent: `00-${'a'.repeat(31)}1-${(index + 1).toString(16).padStart(16, '0')}-01`,
    'weighbridge-call': `c${index}`,
    'content-type': 'application/json',
  };
  const pays = index % 4 === 3;
  const start = process.hrtime.bigint();
  const answer = pays
    ? await path.client.request({ method: 'POST', path: '/payments/payments', headers, body: payment })
    : await path.client.request({ method: 'GET', path: '/calendar/events', headers });
  await answer.body.text();
  const took_us = Number(process.hrtime.bigint() - start) / 1000;
  if (answer.statusCode >= 300) throw new Error(`${path.name} answered ${answer.statusCode}`);
  return took_us;
}

async function slice(path: Path, keep: boolean): Promise<void> {
  await pause(pause_ms);
  const before_us = cpu_us(path.pid);
  const took_us: number[] = [];
  for (let i = 0; i < sliceCalls; i++) took_us.push(await call(path, i));
  if (keep) {
    const kept = took_us.slice(leadIn);
    path.kept_us.push(...kept);
    path.medians_us.push(quantile(kept, 0.5));
    path.cpu_us += cpu_us(path.pid) - before_us;
    path.calls += sliceCalls;
  }
  await path.drain?.();
}

function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;
}

/** Median over the rounds of what a path's slice took more than another's, at the slice's median. */
const added_us = (path: Path, base: Path): number =>
  quantile(
    path.medians_us.map((median, round) => median - base.medians_us[round]!),
    0.5,
  );

function report(paths: readonly Path[]): void {
  const [direct, ...others] = paths as [Path, ...Path[]];
  const us = (value: number) => value.toFixed(0).padStart(5);
  for (const path of paths) {
    const p95_us = quantile(path.kept_us, 0.95) - quantile(direct.kept_us, 0.95);
    const ratios = others.slice(0, 2).map((relay) => (added_us(path, direct) / added_us(relay, direct)).toFixed(2));
    process.stdout.write(
      `${path.name.padEnd(17)} p50 ${us(quantile(path.kept_us, 0.5))} us, added ${us(added_us(path, direct))} (p95 ${us(p95_us)}), ` +
        `${ratios.join(' and ')} of the relays' at p50; cpu ${us(path.cpu_us / path.calls)} us a call; n ${path.kept_us.length}\n`,
    );
  }
}

const testbed = await startTestbed({ telemetry: { mode: 'light', raw_log: '/dev/null' } });
try {
  const tools = testbed.tools.url;
  const [direct, toGateway] = await Promise.all([tokenFor(testbed, toolsAudience), tokenFor(testbed, gatewayAudience)]);
  const passthrough = await startGateway({ upstream: tools, controls: {} }, 'passthrough');
  const gateway = await startGateway({ upstream: tools, controls: controlsOf(testbed) }, 'gateway');
  const path = (
    name: string,
    at: { url: string; pid?: number | undefined },
    authorization = direct,
    drain?: Path['drain'],
  ): Path => ({
    name,
    client: new Client(at.url, { keepAliveTimeout: 120_000 }),
    authorization,
    drain,
    kept_us: [],
    medians_us: [],
    pid: at.pid,
    cpu_us: 0,
    calls: 0,
  });
  const paths = [
    path('direct', { url: tools }),
    path('relay (request)', await startRelay(tools, 'request')),
    path('relay (dispatch)', await startRelay(tools, 'dispatch')),
    path('passthrough', passthrough, direct, passthrough.drain),
    path('gateway', gateway, toGateway, gateway.drain),
  ];
  const random = seededRandom('pair');
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const each of random.shuffle(paths)) await slice(each, round >= 0);
    await testbed.toolsControl.call('drain');
  }
  report(paths);
  await Promise.all(paths.map((p) => p.client.destroy()));
} finally {
  for (const child of children) child.kill();
  await testbed.stop();
}
