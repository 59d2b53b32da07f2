/** Gateways and agents that an attack has started for itself, like the arm's own but for what is attacked. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AgentConfig, GatewayConfig } from '#contract/config.ts';
import { allScopes } from '#contract/tools.ts';
import type { Range, RunningAgent, RunningGateway } from '../../../attack.ts';
import type { AuditLine } from '../../../means/audit.ts';
import { programId } from './wire.ts';

export type Controls = GatewayConfig['controls'];

export const hasControl = ({ gateway }: Range, name: keyof Controls): boolean =>
  gateway?.config.controls[name] !== undefined;

/** What an attack changes beside the controls. */
export interface Further extends Partial<Omit<GatewayConfig, 'controls'>> {
  /**
   * Tokens that are bound to no key are taken, too, where the arm's gateway would refuse them. Whoever holds the agent's
   * process holds its binding key; that is left out for the attacker's own programs, so that a token alone does for it.
   */
  takes_unbound?: boolean;
}

interface Attacked {
  /** Of this gateway, as the range would have started it. */
  own: Controls;
  /** Of the arm's own gateway. */
  arm: Controls;
  /** As the attack needs them. */
  settings: Controls;
  takes_unbound: boolean;
  dir: string;
}

/**
 * The arm's basic controls: tokens, rate limit, policy, credentials, audit; and of the others those that are attacked, set
 * as the attack needs them. A control that the arm has off stays off: that is what its cell of the matrix is to show.
 */
function attacked({ own, arm, settings, takes_unbound, dir }: Attacked): Controls {
  const controls: Controls = {};
  if (arm.bearer && own.bearer) {
    controls.bearer = takes_unbound ? { ...own.bearer, require_binding: false } : own.bearer;
  }
  if (arm.rate_limit) controls.rate_limit = settings.rate_limit ?? arm.rate_limit;
  if (arm.policy) {
    const policy = { ...arm.policy, ...settings.policy };
    controls.policy = { ...policy, agents: [...policy.agents, { agent_id: programId, scopes: [...allScopes] }] };
  }
  if (arm.credentials && own.credentials) controls.credentials = settings.credentials ?? own.credentials;
  if (arm.audit && own.audit) {
    controls.audit = settings.audit ?? { file: join(dir, 'audit.jsonl'), mode: 'group_commit' };
    mkdirSync(dirname(controls.audit.file), { recursive: true });
  }
  if (arm.budget && settings.budget) controls.budget = settings.budget;
  if (arm.second_factor && settings.second_factor) controls.second_factor = settings.second_factor;
  if (arm.approval && settings.approval) controls.approval = settings.approval;
  return controls;
}

let gateways = 0;

/** Starts a gateway of the arm's kind with such controls, and with what else the attack changes. */
export function gatewayFor(
  range: Range,
  settings: Controls = {},
  { takes_unbound = false, ...further }: Further = {},
): Promise<RunningGateway> {
  const dir = join(range.dir, `attacked-${++gateways}`);
  const arm = range.gateway?.config.controls ?? {};
  return range.startGateway((own) => ({
    ...own,
    ...further,
    controls: attacked({ own: own.controls, arm, settings, takes_unbound, dir }),
  }));
}

/** An agent of the arm that reaches every host at that URL. */
export function agentAt(
  range: Range,
  url: string,
  change: (config: AgentConfig) => AgentConfig = (config) => config,
): Promise<RunningAgent> {
  const directed = (config: AgentConfig): AgentConfig => ({
    ...config,
    directory: Object.fromEntries(Object.keys(config.directory).map((host) => [host, url])),
  });
  return range.startAgent({ change: (config) => change(directed(config)) });
}

/** For evidence. */
export function describeRecords(records: readonly AuditLine[], gateway: RunningGateway | null): string {
  if (!gateway?.config.controls.audit) return 'there is none';
  const shown = records.map(({ event, decision, control, reason, operation }) =>
    [event, operation, decision, control, reason].filter((part) => part !== '').join(' '),
  );
  return shown.join('; ') || 'nothing of this trace';
}

/** Where the evidence was found. */
export const places: Record<'audit' | 'effects' | 'answers' | 'agent', string> = {
  audit: 'audit log of the gateway',
  effects: 'effects at the tool services',
  answers: 'answers to the attacker',
  agent: "the agent's own report",
};
