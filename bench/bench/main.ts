/**
 * `npm run bench [-- section …]`: what the house itself costs, each figure paired and interleaved where it compares.
 * Run it on a quiet machine; it prints medians, intervals and n beside the goals. Only the limits of the analysis, which do
 * not hang on what the machine does in a microsecond, are checked: exit code 99 where one is missed. `scale`, its analysis of
 * ten million calls, is run by name alone: it needs some ten minutes and 10 GB for temporary files.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayConfig, TelemetryConfig } from '#contract/config.ts';
import type { AuthMethods, CollectorMethods, GatewayMethods, ToolsMethods } from '#contract/control.ts';
import { service } from '#contract/names.ts';
import { allScopes, gatewayAudience, toolsAudience } from '#contract/tools.ts';
import { benchReceiver } from '../../collectors/bench.ts';
import { defaultCampaign } from '../campaign/config/index.ts';
import { startFleet, stopFleet } from '../campaign/fleet.ts';
import { Supervisor, type Tier } from '../campaign/supervise.ts';
import { measureOnPath } from './onPath.ts';
import { formatShift, measure, pooled, type Samples, shift, type Target } from './paired.ts';
import { haproxyRelay, nginxRelay, nodeRelay, type Relay } from './relays.ts';
import { benchScale } from './scale.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const groups = 12;
const roundsPerGroup = 10;

interface House {
  supervisor: Supervisor;
  dir: string;
  otlp: string;
  auth: Tier<AuthMethods>;
  tools: Tier<ToolsMethods>;
  toolsUrl: string;
  issuer: { issuer: string; jwks_uri: string; token_endpoint: string };
  secret: string;
}

const clients = { agent: 'agent-bench', vault: 'vault-bench' };

async function openHouse(): Promise<House> {
  const supervisor = new Supervisor();
  const dir = mkdtempSync(join(tmpdir(), 'weighbridge-bench-'));
  const collector = supervisor.start<CollectorMethods>('collector', 'collector');
  const { otlp } = await supervisor.ready(collector, collector.control.call('configure', { dir }));
  const auth = supervisor.start<AuthMethods>('auth', 'auth');
  const tools = supervisor.start<ToolsMethods>('tools', 'tools');
  const secret = randomBytes(16).toString('hex');
  const quiet = (name: string): TelemetryConfig => ({ service: name, instance: name, mode: 'off' });
  const issuer = await supervisor.ready(
    auth,
    auth.control.call('configure', {
      telemetry: quiet(service.auth),
      access_token_ttl_ms: 3_600_000,
      push_secret: secret,
      clients: [
        {
          kind: 'agent',
          client_id: clients.agent,
          scopes: [...allScopes],
          resources: [toolsAudience, gatewayAudience],
          redirect_uri: 'http://127.0.0.1/callback',
          pkce_required: true,
        },
        {
          kind: 'service',
          client_id: clients.vault,
          client_secret: secret,
          scopes: [...allScopes],
          resources: [toolsAudience],
        },
      ],
    }),
  );
  const verifier = { issuer: issuer.issuer, jwks_uri: issuer.jwks_uri, audience: toolsAudience, push_secret: secret };
  const ready = await supervisor.ready(
    tools,
    tools.control.call('configure', { telemetry: quiet(service.tools), verifier, service_time: { kind: 'instant' } }),
  );
  return { supervisor, dir, otlp, auth, tools, toolsUrl: ready.url, issuer, secret };
}

function closeHouse(house: House): void {
  house.supervisor.killAll();
  rmSync(house.dir, { recursive: true, force: true });
}

async function gateway(
  house: House,
  name: string,
  options: { mode: TelemetryConfig['mode']; controls: boolean },
): Promise<Target> {
  const tier = house.supervisor.start<GatewayMethods>('gateway', name);
  const controls: GatewayConfig['controls'] = options.controls
    ? {
        bearer: {
          issuer: house.issuer.issuer,
          jwks_uri: house.issuer.jwks_uri,
          audience: gatewayAudience,
          push_secret: house.secret,
        },
        policy: { agents: [{ agent_id: clients.agent, scopes: [...allScopes] }], max_payment_cents: 50_000 },
        rate_limit: { points: 1_000_000, per_s: 1 },
        credentials: {
          token_endpoint: house.issuer.token_endpoint,
          client_id: clients.vault,
          client_secret: house.secret,
          scopes: [...allScopes],
          resource: toolsAudience,
        },
        audit: { file: join(house.dir, `${name.replaceAll(' ', '-')}.jsonl`), mode: 'buffered' },
      }
    : {};
  const telemetry: TelemetryConfig = {
    service: service.gateway,
    instance: name,
    mode: options.mode,
    otlp: house.otlp,
    raw_log: join(house.dir, `${name.replaceAll(' ', '-')}.ndjson`),
  };
  const { url } = await house.supervisor.ready(
    tier,
    tier.control.call('configure', { telemetry, upstream: house.toolsUrl, controls }),
  );
  const { token } = await house.auth.control.call('mint', {
    client_id: clients.agent,
    resource: options.controls ? gatewayAudience : toolsAudience,
    kind: 'good',
  });
  const settle = async (): Promise<void> => {
    await tier.control.call('drain');
    await tier.control.call('gc');
  };
  return {
    name,
    url,
    headers: {
      authorization: `Bearer ${token}`,
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
    settle,
  };
}

async function direct(house: House): Promise<Target> {
  const { token } = await house.auth.control.call('mint', {
    client_id: clients.agent,
    resource: toolsAudience,
    kind: 'good',
  });
  return { name: 'direct', url: house.toolsUrl, headers: { authorization: `Bearer ${token}` } };
}

const path = '/calendar/events';

async function hop(): Promise<void> {
  say('\n## The gateway’s hop, beside other relays (one call at a time, loopback, shift over direct)');
  const house = await openHouse();
  const relays: Relay[] = [];
  try {
    const base = await direct(house);
    for (const [name, start] of [
      [
        'bare node:http + undici relay',
        () => nodeRelay('bare node:http + undici relay', '../../gateway/bench/bareRelay.ts', house.toolsUrl),
      ],
      ['@fastify/reply-from', () => nodeRelay('@fastify/reply-from', './replyFrom.ts', house.toolsUrl)],
      ['nginx', () => nginxRelay(house.toolsUrl)],
      ['haproxy', () => haproxyRelay(house.toolsUrl)],
    ] as [string, () => Promise<Relay | null>][]) {
      const relay = await start();
      if (relay) relays.push(relay);
      else say(`- ${name}: not installed here, left out`);
    }
    const targets: Target[] = [
      base,
      ...relays.map((r) => ({ name: r.name, url: r.url, headers: base.headers })),
      await gateway(house, 'passthrough', { mode: 'light', controls: false }),
      await gateway(house, 'gateway, all controls', { mode: 'light', controls: true }),
    ];
    const samples = await measure({ targets, path, groups, rounds_per_group: roundsPerGroup, seed: 'hop' });
    say(
      `direct: p50 ${pooled(samples, 'direct', 0.5).toFixed(1)} µs, p95 ${pooled(samples, 'direct', 0.95).toFixed(1)} µs`,
    );
    for (const { name } of targets.slice(1)) {
      const p50 = shift(samples, name, 'direct', 0.5);
      say(
        `- ${name}: p50 ${formatShift(p50)}, p95 ${formatShift(shift(samples, name, 'direct', 0.95))}, n = ${p50.n} calls in ${p50.groups} groups`,
      );
    }
    const bare = shift(samples, 'bare node:http + undici relay', 'direct', 0.5).estimate_us;
    const ours = shift(samples, 'passthrough', 'direct', 0.5).estimate_us;
    say(`passthrough ÷ bare relay, added p50: ${(ours / bare).toFixed(2)} (goal ≤ 1.10)`);
    say(
      `all controls − passthrough: p50 ${formatShift(shift(samples, 'gateway, all controls', 'passthrough', 0.5))} (goal ≤ 150 µs), p95 ${formatShift(shift(samples, 'gateway, all controls', 'passthrough', 0.95))} (goal ≤ 300 µs)`,
    );
  } finally {
    for (const { child } of relays) child.kill('SIGTERM'); // nginx’s master takes its workers along only where it is asked to end
    closeHouse(house);
  }
}

async function tracing(): Promise<void> {
  say('\n## On-path cost of tracing and of logging, per hop (2 spans, 1 log line)');
  const house = await openHouse();
  const tell = (samples: Samples, label: string, [arm, baseline]: [string, string], unit: string, goal = ''): void => {
    const p50 = shift(samples, arm, baseline, 0.5);
    const p95 = formatShift(shift(samples, arm, baseline, 0.95));
    say(`- ${label}: p50 ${formatShift(p50)}, p95 ${p95}, n = ${p50.n} ${unit} in ${p50.groups} groups${goal}`);
  };
  const pairs: Record<string, [string, string]> = {
    tracing: ['spans only', 'nothing noted'],
    logging: ['spans and log lines', 'spans only'],
    'the full SDK instead': ['both by the full SDK', 'nothing noted'],
  };
  try {
    const hops_per_batch = 500;
    const timed = { groups, batches_per_group: 10, hops_per_batch, seed: 'on-path' };
    const onPath = await measureOnPath({ otlp: house.otlp, ...timed });
    for (const [label, pair] of Object.entries(pairs)) {
      const goal = label === 'tracing' ? ' (goal ≤ 6 µs p50)' : '';
      tell(onPath, `${label}, in the process`, pair, `batches of ${hops_per_batch} hops`, goal);
    }
    const targets = [
      await gateway(house, 'nothing noted', { mode: 'off', controls: false }),
      await gateway(house, 'spans only', { mode: 'spans', controls: false }),
      await gateway(house, 'spans and log lines', { mode: 'light', controls: false }),
      await gateway(house, 'both by the full SDK', { mode: 'full', controls: false }),
    ];
    const felt = await measure({ targets, path, groups, rounds_per_group: roundsPerGroup, seed: 'tracing' });
    for (const [label, pair] of Object.entries(pairs)) tell(felt, `${label}, as a caller feels it`, pair, 'calls');
  } finally {
    closeHouse(house);
  }
}

async function setUp(): Promise<void> {
  say('\n## Set-up of a block: all processes of the reference campaign started, configured and logged in');
  const config = defaultCampaign();
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const supervisor = new Supervisor();
    const dir = mkdtempSync(join(tmpdir(), 'weighbridge-bench-'));
    try {
      const start = performance.now();
      const collector = supervisor.start<CollectorMethods>('collector', 'collector');
      const { otlp } = await supervisor.ready(collector, collector.control.call('configure', { dir }));
      const fleet = await startFleet({
        supervisor,
        campaign: 'bench',
        block: i,
        arms: config.arms,
        attached: {},
        otlp,
        anchor_offset_ns: 0n,
        work_dir: dir,
      });
      times.push((performance.now() - start) / 1_000);
      await stopFleet(fleet, supervisor);
    } finally {
      supervisor.killAll();
      rmSync(dir, { recursive: true, force: true });
    }
  }
  times.sort((a, b) => a - b);
  say(
    `- median ${times[2]!.toFixed(2)} s, slowest ${times[4]!.toFixed(2)} s, n = ${times.length}, ${config.arms.length} arms (goal ≤ 5 s)`,
  );
}

async function receiver(): Promise<void> {
  say('\n## Receiver: OTLP over HTTP, decoded and stored');
  const { spans_per_s_json, spans_per_s_protobuf, n } = await benchReceiver();
  say(
    `- JSON ${Math.round(spans_per_s_json)} spans/s, protobuf ${Math.round(spans_per_s_protobuf)} spans/s, n = ${n} spans each (goal ≥ 50000 on one core)`,
  );
}

const missed: string[] = [];

async function analysis(sizes: readonly number[] = [100_000, 1_000_000]): Promise<void> {
  say('\n## Analysis: 60 blocks, 6 arms, 6 settings of latency, lifecycle and correlation');
  missed.push(...(await benchScale(sizes, say)));
}

const scale = (): Promise<void> => analysis([100_000, 1_000_000, 10_000_000]);

const usual: Record<string, () => Promise<void>> = { hop, tracing, 'set-up': setUp, receiver, analysis };
const sections: Record<string, () => Promise<void>> = { ...usual, scale };
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in sections));
if (unknown.length > 0) {
  process.stderr.write(`no section ${unknown.join(', ')}: one of ${Object.keys(sections).join(', ')}\n`);
  process.exit(104);
}
for (const name of wanted.length > 0 ? wanted : Object.keys(usual)) await sections[name]!();
for (const what of missed) process.stderr.write(`over its limit: ${what}\n`);
process.exit(missed.length > 0 ? 99 : 0);
