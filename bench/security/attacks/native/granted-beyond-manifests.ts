/**
 * Someone between agent and authority has the user consent to everything, while the agent asks for the one scope that its
 * one plugin declares, and is told that it got it. Later the agent's refreshes are widened, too. A grant that may do more
 * than any plugin declares is worth stealing: does anybody notice while the agent runs?
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { AgentConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { allScopes } from '#contract/tools.ts';
import { redirectUri } from '../../../campaign/fleet.ts';
import type { Attack, Range, RunningAgent } from '../../attack.ts';
import { beliefOf, makeCalls } from '../../means/calls.ts';
import { judged, since_ms } from '../../means/finding.ts';
import { between } from './parts/between.ts';
import { harmless, rowOf } from './parts/harmless.ts';
import { copyPlugin, pluginsIn, withPlugins } from './parts/plugins.ts';

const plugin = 'searcher';
const declared = 'read:search';
const everything = [...allScopes, 'offline_access'].join(' ');
const intervalKey = 'audit.scope_diff_check_interval';
/** So that the attack need not wait for minutes; where the interval is 0 there are no checks, here neither. */
const interval_s = 1;
/** For a check that is due every second, on a slow machine. */
const patience_ms = 30_000;

interface Check {
  kind: string;
  result: 'match' | 'drift';
  undeclared: string[];
}

export const grantedBeyondManifests: Attack = {
  id: 'granted-beyond-manifests',
  title: 'The authority grants more than any plugin declares',
  capability: 'oauth_scopes',
  claims: [],
  story: false,
  counts_as_stopped: 'the agent’s audit names the scopes that no plugin declares, while the agent runs',
  async carryOut(range) {
    let widening = false;
    await using middle = await between({
      issuer: range.authority.issuer,
      redirect_uri: redirectUri,
      asking: (authorization) => authorization.set('scope', everything),
      redeeming: (form) => {
        if (widening && form.get('grant_type') === 'refresh_token') form.set('scope', allScopes.join(' '));
      },
      answering: (tokens) => {
        tokens.scope = declared;
      },
    });
    const plugins = pluginsIn(range.dir);
    copyPlugin(plugins, plugin);
    const agent = await range.startAgent({
      change: (own) => ({
        ...checkedOften(withPlugins(own, plugins)),
        auth: { ...own.auth, issuer: middle.issuer, scopes: [declared] },
      }),
    });
    widening = true;
    const started_ms = performance.now();
    await range.auth.control.call('revoke', { client_id: agent.config.auth.client_id });
    const call = harmless('search.query', plugin);
    const row = rowOf(await makeCalls(agent, [call]), call);
    const checks = await checksUntilDrift(range, agent);
    const drift = checks.find(({ result }) => result === 'drift');
    return judged({
      tries: 1,
      succeeded: drift ? 0 : 1,
      by: 'agent',
      time_to_stop_ms: since_ms(started_ms),
      belief: beliefOf([row]),
      trace_id: row.trace_id,
      evidence: [
        { where: 'the agent’s call with the token that was widened', found: beliefOf([row]).words },
        {
          where: 'checks in the agent’s audit',
          found: drift
            ? `${checks.indexOf(drift)} × match, then drift: ${drift.undeclared.join(', ')}`
            : `${checks.length}, none of which says so`,
        },
      ],
      why: drift
        ? 'The agent compares what it was granted with what its plugins declare, again and again, and writes down what it finds.'
        : 'Nobody compares what was granted with what the plugins declare.',
    });
  },
};

const isChecked = ({ controls, settings = {} }: AgentConfig): boolean =>
  controls === 'on' && settings[intervalKey] !== 0;

const checkedOften = (config: AgentConfig): AgentConfig =>
  isChecked(config) ? { ...config, settings: { ...config.settings, [intervalKey]: interval_s } } : config;

/** The checks up to the first drift; those that there are where there is no further one to wait for. */
async function checksUntilDrift({ signal }: Range, { tier, config }: RunningAgent): Promise<Check[]> {
  const until_ms = performance.now() + (isChecked(config) ? patience_ms : 0);
  for (;;) {
    await tier.control.call('drain');
    const checks = checksIn(config.audit_file);
    if (checks.some(({ result }) => result === 'drift') || performance.now() >= until_ms) return checks;
    if (signal.aborted) throw new WeighbridgeError('STOPPED', 'the attack was ended early');
    await pause(50);
  }
}

function checksIn(file: string | undefined): Check[] {
  if (file === undefined || !existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Check]))
    .filter((r) => r.kind === 'scope_diff');
}
