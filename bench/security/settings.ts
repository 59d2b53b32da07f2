/**
 * How each side of an arm is configured in the security phase: with everything on that its column has, which the timed
 * phases leave partly off (token binding, state file, budgets, codes, approvals, records that are durable first).
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentConfig, GatewayConfig, TelemetryConfig, VerifierConfig } from '#contract/config.ts';
import { resourceAttr, service } from '#contract/names.ts';
import { allScopes, toolsAudience } from '#contract/tools.ts';
import type { ArmSpec } from '../campaign/config/types.ts';
import { callTimeout_ms, maxPayment_cents, redirectUri, toolsHost, withoutSpared } from '../campaign/fleet.ts';
import { compilePolicy } from '../policy/index.ts';
import { runSecretVariable } from './attack.ts';
import { manifestsIn, shippedPlugins } from './manifests.ts';

/** A gateway knows its agents from the start: so many can be started on one arm. */
const agentsOfAnArm = 400;

/** What an ordinary call never meets, and an attack soon does. */
const rate = { points: 200, per_s: 1 };
const agentBudget_cents = 100_000;
const approval = { above_cents: 10_000, second_above_cents: 30_000, deletions: 1 } as const;
/** What waits for a human at this gateway, for who compares policies. */
export const attackedApproval = { pay_above_cents: approval.above_cents, deletions: approval.deletions > 0 };
const codeAbove_cents = 20_000;
/** Characters of base32, 5 bits each: 160 bits, as RFC 4226 §4 recommends. */
const codeSecret_chars = 32;

export const agentId = (arm: string, n: number): string => `agent-${arm}-${String(n).padStart(3, '0')}`;
export const agentIds = (arm: string): string[] =>
  Array.from({ length: agentsOfAnArm }, (_, index) => agentId(arm, index + 1));

/** Tokens of this arm's agents are bound to a key. */
export const bindsTokens = (spec: ArmSpec, settings: Readonly<Record<string, unknown>>): boolean =>
  spec.controls === 'on' && settings['security.oauth.token_binding'] !== 'off';

export const secret = (): string => randomBytes(24).toString('base64url');
/** What keys are derived from: 32 bytes as hex. */
export const runSecret = (): string => randomBytes(32).toString('hex');

/**
 * Lines go to a file that the attacks may read, and nowhere else: no figure of the campaign reads them. Of those that belong
 * to a trace which a cell cites, a copy is kept.
 */
export const telemetryOf = (arm: string, name: string, file: string): TelemetryConfig => ({
  service: name,
  instance: `security/${arm}`,
  mode: 'light',
  raw_log: file,
  resource: { [resourceAttr.arm]: arm },
});

export interface AgentParts {
  spec: ArmSpec;
  settings: Readonly<Record<string, unknown>>;
  agent_id: string;
  issuer: string;
  base: string;
  resource: string;
  /** Exists, and is this agent's alone. */
  dir: string;
}

/** Each agent keeps its grant in a state file: encrypted where its column does that. */
export function agentConfig({ spec, settings, agent_id, issuer, base, resource, dir }: AgentParts): AgentConfig {
  return {
    telemetry: telemetryOf(spec.arm, service.agent, join(dir, 'log.ndjson')),
    arm: spec.arm,
    agent_id,
    tenant: 'acme',
    controls: spec.controls,
    auth: { issuer, client_id: agent_id, redirect_uri: redirectUri, scopes: [...allScopes], resource },
    directory: { [toolsHost]: base },
    call_timeout_ms: callTimeout_ms,
    audit_file: join(dir, 'audit.jsonl'),
    state: { file: join(dir, 'state'), ...(spec.controls === 'on' ? { key: { file: keyFile(dir) } } : {}) },
    ...(spec.controls === 'on' ? hardened(agent_id, settings) : {}),
  };
}

const hardened = (
  agent_id: string,
  settings: Readonly<Record<string, unknown>>,
): Pick<AgentConfig, 'binding' | 'settings' | 'accept_downgraded'> => ({
  binding: { run_id: agent_id, secret: { env: runSecretVariable } },
  settings: { ...settings },
  accept_downgraded: Object.keys(settings),
});

function keyFile(dir: string): string {
  const file = join(dir, 'state.key');
  writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  return file;
}

export interface GatewayParts {
  spec: ArmSpec;
  settings: Readonly<Record<string, unknown>>;
  tools_url: string;
  token_endpoint: string;
  verifier: VerifierConfig;
  vault: { client_id: string; client_secret: string };
  /** One-time-code secrets by agent. */
  codes: Record<string, string>;
  /** Exists, and is this gateway's alone. */
  dir: string;
}

export function gatewayConfig(parts: GatewayParts): GatewayConfig {
  const { spec, dir, tools_url } = parts;
  return {
    telemetry: telemetryOf(spec.arm, service.gateway, join(dir, 'log.ndjson')),
    upstream: tools_url,
    controls: spec.gateway === 'gateway' ? withoutSpared(spec, everyControl(parts)) : {},
  };
}

/** Its own signed checkpoints lie beside the log's directory, standing for another machine's disk. */
function everyControl(parts: GatewayParts): GatewayConfig['controls'] {
  const { spec, settings, verifier, vault, codes, dir, token_endpoint } = parts;
  const log = join(dir, 'audit');
  mkdirSync(log);
  return {
    bearer: { ...verifier, require_binding: bindsTokens(spec, settings) },
    rate_limit: { ...rate },
    policy: {
      agents: agentIds(spec.arm).map((agent_id) => ({ agent_id, scopes: [...allScopes] })),
      max_payment_cents: maxPayment_cents,
      permits: compiledPermits(),
    },
    budget: { window: 'lifetime', agent_cents: agentBudget_cents, file: join(dir, 'budget.jsonl') },
    audit: {
      file: join(log, 'audit.jsonl'),
      mode: 'group_commit',
      checkpoints: {
        dir: join(dir, 'checkpoints'),
        origin: `weighbridge.test/${spec.arm}`,
        key_file: checkpointKey(dir),
        every_records: 10,
      },
    },
    credentials: { token_endpoint, ...vault, scopes: [...allScopes], resource: toolsAudience },
    second_factor: { secrets: codes, pay_above_cents: codeAbove_cents, file: join(dir, 'codes.jsonl') },
    approval: {
      ...approval,
      approvers: ['ada', 'grace'].map((id) => ({ id, secret: secret() })),
      answer: 'forbidden',
      file: join(dir, 'approvals.jsonl'),
    },
  };
}

function checkpointKey(dir: string): string {
  const file = join(dir, 'checkpoint.pem');
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return file;
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** A secret for one-time codes, base32. */
export const codeSecret = (): string =>
  Array.from(randomBytes(codeSecret_chars), (byte) => base32[byte % base32.length]).join('');

let permits: string | undefined;

/** The one policy definition: the shipped plugins' manifests, compiled for the gateway. */
function compiledPermits(): string {
  permits ??= compilePolicy(manifestsIn(shippedPlugins)).cedar;
  return permits;
}
