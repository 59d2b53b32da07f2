/**
 * A plugin has the agent fetch a token, as it may at any hour. Afterwards an auditor asks who refreshed when, with the
 * command that there is for it. The authority knows the client alone, and a gateway sees no refresh at all.
 */
import type { Attack } from '../../attack.ts';
import { beliefOf, makeCalls } from '../../means/calls.ts';
import { judged, since_ms } from '../../means/finding.ts';
import { auditorReads } from './parts/auditor.ts';
import { harmless, rowOf } from './parts/harmless.ts';
import { readState } from './parts/state.ts';

const plugin = 'mail-sender';

export const refreshWithoutRecord: Attack = {
  id: 'refresh-without-record',
  title: 'A token is refreshed, and an auditor asks on whose behalf',
  capability: 'audit_logging',
  claims: [],
  story: false,
  counts_as_stopped:
    'the auditor’s command (claw audit --token-refresh) names the plugin that the token was fetched for',
  async carryOut(range) {
    const agent = await range.startAgent();
    const { audit_file, auth } = agent.config;
    await range.auth.control.call('revoke', { client_id: auth.client_id });
    const before = readState(agent.config)?.session.refresh_token;
    const call = harmless('mail.send_message', plugin);
    const row = rowOf(await makeCalls(agent, [call]), call);
    const rotated = readState(agent.config)?.session.refresh_token !== before;
    if (row.outcome !== 'ok' || !rotated) throw new Error(`no token was fetched: ${beliefOf([row]).words}`);
    await agent.tier.control.call('drain');
    const started_ms = performance.now();
    const { refreshes } = await auditorReads(audit_file);
    const found = refreshes.filter((refresh) => refresh.plugin === plugin && refresh.result === 'refreshed').length;
    return judged({
      tries: 1,
      succeeded: found > 0 ? 0 : 1,
      by: 'agent',
      time_to_stop_ms: since_ms(started_ms),
      belief: beliefOf([row]),
      trace_id: row.trace_id,
      evidence: [
        { where: 'the agent’s own report', found: `${beliefOf([row]).words} with a token that was fetched for it` },
        {
          where: 'claw audit --token-refresh',
          found: `${refreshes.length} refreshes, of which ${found} on behalf of ${plugin}`,
        },
      ],
      why:
        found > 0
          ? 'The agent writes a line for each refresh: who wanted it, and the hash of its scopes.'
          : 'Nobody writes down that a token was fetched, or for whom.',
    });
  },
};
