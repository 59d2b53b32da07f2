/**
 * The secrets of the run are known to the range: tokens, keys, passwords, what the vault holds. Calls are made that pass,
 * that are refused, that are retried, and requests that put a token where none belongs; then every log, exported span,
 * audit record and error text of the arm is searched for each of the secrets, in each form that it may have taken.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AgentConfig, GatewayConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { type Attack, type Range, type RunningAgent, type RunningGateway, runSecretVariable } from '../../attack.ts';
import { makeCalls, plannedCall } from '../../means/calls.ts';
import { judged, since_ms } from '../../means/finding.ts';
import { listen, type Overheard } from '../../means/listener.ts';
import { ask } from '../../means/stranger.ts';
import { type Canary, search, secretsIn, type Text } from './parts/canaries.ts';
import { harmless } from './parts/harmless.ts';
import { type Relay, relayTo } from './parts/relay.ts';
import { readState } from './parts/state.ts';

export const secretsAsCanaries: Attack = {
  id: 'secrets-as-canaries',
  title: 'Known secrets are looked for in all that the arm writes',
  capability: 'secrets_in_telemetry',
  claims: [],
  story: false,
  counts_as_stopped: 'no secret stands in any log, exported span or line, audit record, journal or error text',
  async carryOut(range) {
    await using exported = await listen(() => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{}',
    }));
    await using upstream = await relayTo(range.tools_url);
    const secret = randomBytes(32).toString('hex');
    const arm = await started(range, { secret, otlp: exported.url, upstream });
    const canaries: Canary[] = [{ kind: 'secret of the run', secret }, ...secretsOf(arm)];
    const errors = await provoke(range, arm, canaries);
    canaries.push(
      ...secretsOf(arm),
      ...[...upstream.tokens].map((t) => ({ kind: 'access token of the vault', secret: t })),
    );
    const started_ms = performance.now();
    const known = unique(canaries);
    const texts = [...errors, ...(await written(range, arm, exported.heard))];
    const found = search(known, texts);
    const leaked = new Set(found.map(({ kind }) => kind));
    return judged({
      tries: known.length,
      succeeded: known.filter(({ kind }) => leaked.has(kind)).length,
      by: 'agent',
      time_to_stop_ms: since_ms(started_ms),
      belief: null,
      trace_id: null,
      evidence: [
        { where: 'secrets looked for', found: counted(known.map(({ kind }) => kind)) },
        {
          where: 'what was searched',
          found: texts.map(({ where, text }) => `${where} (${text.length} characters)`).join(', '),
        },
        { where: 'secrets found', found: found.map(({ kind, where }) => `${kind} in ${where}`).join(', ') || 'none' },
      ],
      why: found.length === 0 ? 'No tier writes a secret down.' : 'A tier writes a secret down.',
    });
  },
};

interface Alive {
  agent: RunningAgent;
  /** One of its own, whose upstream is the relay; null where the arm has none. */
  gateway: RunningGateway | null;
}

async function started(
  range: Range,
  { secret, otlp, upstream }: { secret: string; otlp: string; upstream: Relay },
): Promise<Alive> {
  const exporting = <C extends AgentConfig | GatewayConfig>(config: C): C => ({
    ...config,
    telemetry: { ...config.telemetry, otlp },
  });
  const gateway = range.gateway
    ? await range.startGateway((config) => ({ ...exporting(config), upstream: upstream.url }))
    : null;
  const directed = (config: AgentConfig): AgentConfig => ({
    ...config,
    directory: Object.fromEntries(Object.entries(config.directory).map(([host, base]) => [host, gateway?.url ?? base])),
  });
  const agent = await range.startAgent({
    env: { [runSecretVariable]: secret },
    change: (config) => exporting(directed(config)),
  });
  return { agent, gateway };
}

/** What the tiers hold now. */
function secretsOf({ agent, gateway }: Alive): Canary[] {
  const { config } = agent;
  const state = readState(config);
  const key = config.state?.key;
  const signing = gateway?.config.controls.audit?.checkpoints?.key_file;
  const secrets: [string, string | undefined][] = [
    ['refresh token of the agent', state?.session.refresh_token],
    ...Object.values(state?.session.tokens ?? {}).map((t): [string, string] => [
      'access token of the agent',
      t.access_token,
    ]),
    ['key of the state file', key && 'file' in key ? readFileSync(key.file, 'utf8') : undefined],
    ['signing key of the audit log', signing === undefined ? undefined : readFileSync(signing, 'utf8').split('\n')[1]],
  ];
  return [
    ...secrets.flatMap(([kind, secret]) => (secret === undefined ? [] : [{ kind, secret }])),
    ...secretsIn(gateway?.config.controls, 'configuration of the gateway'),
  ];
}

/** Calls and requests that make each tier write; returns what was answered or said of them. */
async function provoke(range: Range, { agent, gateway }: Alive, canaries: Canary[]): Promise<Text[]> {
  const { config } = agent;
  const calls = () => [
    harmless('search.query'),
    harmless('mail.send_message'),
    harmless('mail.send_message', 'calendar-reader'),
    plannedCall('payments.create_payment', { payee: 'acme', amount_cents: 90_000 }),
    plannedCall('files.delete_file', { id: 'doc-1' }),
  ];
  await makeCalls(agent, calls());
  await range.auth.control.call('revoke', { client_id: config.auth.client_id });
  await makeCalls(agent, calls(), 3);
  const bad = randomBytes(24).toString('base64url');
  canaries.push({ kind: 'token that was made up', secret: bad });
  const base = gateway?.url ?? range.base;
  const token = Object.values(readState(config)?.session.tokens ?? {})[0]?.access_token ?? bad;
  const headers = { authorization: `Bearer ${bad}` };
  const answers = [
    await ask({ base, operation: 'search.query', headers }),
    await ask({ base, operation: 'calendar.list_events', args: { access_token: token } }),
    await ask({
      base,
      operation: 'files.read_file',
      args: { id: '../x' },
      headers: { authorization: `Basic ${token}` },
    }),
  ];
  const refused = await fetch(range.authority.token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id: config.auth.client_id, refresh_token: bad }),
  });
  return [
    ...answers.map(({ body, www_authenticate }) => ({
      where: 'answer to a bad request',
      text: `${body}${www_authenticate}`,
    })),
    { where: 'answer of the authority to a bad refresh token', text: await refused.text() },
    { where: 'error of an agent that starts from another’s state', text: await strangersError(range, config) },
  ];
}

/** Another run that opens this one's state: with controls on it does not start, and says why. */
async function strangersError(range: Range, { state, auth }: AgentConfig): Promise<string> {
  try {
    await range.startAgent({ login: true, change: (own) => ({ ...own, auth, ...(state && { state }) }) });
    return '';
  } catch (error) {
    if (!(error instanceof WeighbridgeError) || (error.code !== 'INTEGRITY' && error.code !== 'CONFIG')) throw error;
    return `${error.explain()}\n${String(error.cause)}`;
  }
}

/** All that the tiers have written, after each has put down what it held in memory. */
async function written(range: Range, { agent, gateway }: Alive, exported: readonly Overheard[]): Promise<Text[]> {
  await agent.tier.control.call('drain');
  await gateway?.tier.control.call('drain');
  await range.gateway?.tier.control.call('drain');
  await range.tools.control.call('drain');
  await range.auth.control.call('drain');
  const files: [string, string][] = range.raw_logs().map(({ service, file }) => [`log of ${service}`, file]);
  if (agent.config.audit_file !== undefined) files.push(['audit of the agent', agent.config.audit_file]);
  if (gateway) files.push(...filesOf(gateway.config));
  return [
    ...files
      .filter(([, file]) => existsSync(file))
      .map(([where, file]) => ({ where, text: readFileSync(file, 'utf8') })),
    { where: 'exported spans and lines', text: exported.map(({ body }) => body).join('\n') },
  ];
}

/** The gateway's audit log, checkpoints and journals. */
function filesOf({ controls }: GatewayConfig): [string, string][] {
  const { audit, budget, approval, second_factor } = controls;
  const journals = [budget?.file, approval?.file, second_factor?.file].flatMap((file) => file ?? []);
  const checkpoints = audit?.checkpoints?.dir;
  return [
    ...(audit
      ? readdirSync(dirname(audit.file)).map((n): [string, string] => [
          'audit log of the gateway',
          join(dirname(audit.file), n),
        ])
      : []),
    ...(checkpoints !== undefined && existsSync(checkpoints)
      ? readdirSync(checkpoints).map((n): [string, string] => ['checkpoint of the audit log', join(checkpoints, n)])
      : []),
    ...journals.map((file): [string, string] => ['journal of the gateway', file]),
  ];
}

const unique = (canaries: readonly Canary[]): Canary[] => [...new Map(canaries.map((c) => [c.secret, c])).values()];

function counted(kinds: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, n]) => `${n} × ${kind}`).join(', ');
}
