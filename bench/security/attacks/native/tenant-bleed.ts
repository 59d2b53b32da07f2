/**
 * Two tenants' agents on one host keep their tokens in one place. The article's agent keyed that place by scopes alone; a
 * column that has no such cache is given the article's agent, so that it shows whether anything else in the arm would
 * stop it. With controls on the one place is the state file, its key and the run's secret the same for both.
 */
import { join } from 'node:path';
import type { CallRow } from '#contract/calls.ts';
import type { AgentConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { type Attack, type Finding, type Range, type RunningAgent, runSecretVariable } from '../../attack.ts';
import { auditOf } from '../../means/audit.ts';
import { beliefOf, makeCalls, saying } from '../../means/calls.ts';
import { judged, since_ms } from '../../means/finding.ts';
import { took_ms } from '../gateway/means/deeds.ts';
import { harmless, rowOf } from './parts/harmless.ts';
import { standingIn } from './parts/stand-in.ts';

/** What the second tenant asks for. */
const asked = ['calendar.list_events', 'mail.send_message', 'search.query'];

export const tenantBleed: Attack = {
  id: 'tenant-bleed',
  title: 'Two tenants’ agents share one token cache',
  capability: 'oauth_scopes',
  claims: ['C4'],
  story: true,
  counts_as_stopped: 'no call of the second tenant is carried out with a token of the first one',
  async carryOut(range) {
    const secret = Buffer.from(Array.from({ length: 32 }, () => range.random.int(256))).toString('hex');
    const env = { [runSecretVariable]: secret };
    const acme = await range.startAgent({ env, change: (config) => sharing(config, range.dir) });
    const started_ms = performance.now();
    const beta = await range
      .startAgent({ env, change: (own) => sharingWith(acme.config, { ...own, tenant: 'beta' }, range.dir) })
      .catch(refusal);
    if (beta instanceof WeighbridgeError) {
      return judged({
        tries: 1,
        succeeded: 0,
        by: 'agent',
        time_to_stop_ms: since_ms(started_ms),
        belief: saying('the second tenant’s agent does not start'),
        trace_id: null,
        evidence: [{ where: 'the second agent’s start', found: `${beta.code}: ${beta.message}` }],
        why: 'What an agent keeps is bound to its owner and its execution context: to anyone else it is of no use.',
      });
    }
    return bleed(range, acme, beta);
  },
};

async function bleed(range: Range, acme: RunningAgent, beta: RunningAgent): Promise<Finding> {
  const calls = asked.map((name) => harmless(name));
  const report = await makeCalls(beta, calls);
  const rows = calls.map((call) => rowOf(report, call));
  const names = await carriedOutAs(range, rows);
  const succeeded = names.filter((client) => client === acme.config.auth.client_id).length;
  const [first] = rows as [CallRow];
  return judged({
    tries: calls.length,
    succeeded,
    by: 'agent',
    time_to_stop_ms: took_ms(first),
    belief: beliefOf([first]),
    trace_id: first.trace_id,
    evidence: [
      {
        where: range.gateway?.config.controls.audit ? 'audit log of the gateway' : 'effects at the tool services',
        found: `${names.length} calls of the second tenant’s agent carried out, ${succeeded} of them in the first one’s name`,
      },
    ],
    why:
      succeeded > 0
        ? standingIn(
            range,
            `the cache knows scopes and no tenants${range.gateway?.config.controls.bearer ? '; to the gateway the token is a good one' : ''}.`,
          )
        : 'Each tenant’s calls went out with its own tokens.',
  });
}

/** In whose name each call was carried out: by the gateway's records where it ends tokens, by the tools otherwise. */
async function carriedOutAs(range: Range, rows: readonly CallRow[]): Promise<string[]> {
  const { effects } = await range.tools.control.call('effects');
  if (!range.gateway?.config.controls.audit) {
    return effects.filter(({ call_id }) => rows.some((row) => row.call_id === call_id)).map((e) => e.client_id);
  }
  const records = await auditOf(range.gateway);
  const carriedOut = records.filter(({ event, decision }) => event !== 'outcome' && decision === 'allow');
  return rows.flatMap((row) => carriedOut.find(({ trace_id }) => trace_id === row.trace_id)?.agent ?? []);
}

/** The place where the first tenant's agent keeps its tokens for others. */
function sharing(config: AgentConfig, dir: string): AgentConfig {
  if (config.controls === 'on') return config;
  return { ...config, controls: 'regressed', token_cache: { file: join(dir, 'token-cache') } };
}

function sharingWith(acme: AgentConfig, own: AgentConfig, dir: string): AgentConfig {
  if (own.controls !== 'on') return sharing(own, dir);
  const { state, binding } = acme;
  return { ...own, ...(state && { state }), ...(binding && { binding }) };
}

/** A refusal to start on what is not one's own; anything else is a fault. */
function refusal(error: unknown): WeighbridgeError {
  if (error instanceof WeighbridgeError && error.code === 'INTEGRITY') return error;
  throw error;
}
