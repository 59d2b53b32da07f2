/**
 * The agent's token is refused wherever it asks: it is for somebody else. Does the task end, or does the agent go on, call
 * after call, each of them in vain?
 */
import type { CallRow, PlannedCall } from '#contract/calls.ts';
import type { AgentConfig } from '#contract/config.ts';
import type { Evidence } from '#contract/security.ts';
import { gatewayAudience, toolsAudience } from '#contract/tools.ts';
import type { Attack, Range, RunningAgent } from '../../attack.ts';
import { beliefOf, beliefsOf, plannedCall } from '../../means/calls.ts';
import { judged } from '../../means/finding.ts';
import { deedsOf, describeEffects, took_ms } from './means/deeds.ts';
import { gatewayFor, hasControl, places } from './means/started.ts';

/** Calls of the task behind the one that is refused first. */
const further = 20;
/** The same where the refusal is silence: each of them costs a whole time-out. */
const furtherInSilence = 2;
const patience_ms = 500;

const sentOf = (rows: readonly CallRow[]): CallRow[] => rows.filter((row) => row.attempts > 0);
const listings = (count: number): PlannedCall[] =>
  Array.from({ length: count }, () => plannedCall('calendar.list_events'));

/** An agent whose tokens are for the tools where they should be for the gateway, or the other way round. */
function misledAgent(range: Range, change: (config: AgentConfig) => AgentConfig): Promise<RunningAgent> {
  const elsewhere = range.resource === toolsAudience ? gatewayAudience : toolsAudience;
  return range.startAgent({
    change: (config) => change({ ...config, auth: { ...config.auth, resource: elsewhere } }),
    client: { resources: [elsewhere] },
  });
}

/** What becomes of the task where the gateway drops what it denies. By default it does not, so no try is counted. */
async function inSilence(range: Range): Promise<Evidence> {
  const { url } = await gatewayFor(range, {}, { denials: { silent_drop: {} } });
  const agent = await misledAgent(range, (config) => ({
    ...config,
    directory: Object.fromEntries(Object.keys(config.directory).map((host) => [host, url])),
    call_timeout_ms: patience_ms,
  }));
  const { rows } = await deedsOf(range, agent, [listings(furtherInSilence + 1)]);
  const rest = rows.slice(1);
  return {
    where: `${places.agent}, where denials are dropped in silence`,
    found: `${sentOf(rest).length} of ${rest.length} further calls went out; ${beliefOf(rows).words}`,
  };
}

export const workAfterARefusal: Attack = {
  id: 'work-after-a-refusal',
  title: 'An agent whose token is refused goes on with its task',
  capability: 'fail_closed',
  claims: ['C5'],
  story: false,
  counts_as_stopped: 'the first refusal ends the task: none of its further calls goes out',
  async carryOut(range) {
    const agent = await misledAgent(range, (config) => config);
    const { rows, effects, requests } = await deedsOf(range, agent, [listings(further + 1)]);
    const [first, ...rest] = rows;
    const sent = sentOf(rest);
    const attempts = rest.reduce((sum, row) => sum + row.attempts, 0);
    const burnt_ms = rest.reduce((sum, row) => sum + took_ms(row), 0);
    return judged({
      tries: further,
      succeeded: sent.length,
      by: 'agent',
      time_to_stop_ms: took_ms(first!),
      belief: beliefsOf({ first: [first!], after: rest }),
      trace_id: first!.trace_id,
      evidence: [
        {
          where: places.agent,
          found: `${sent.length} of ${further} further calls went out, ${attempts} requests, ${burnt_ms.toFixed(1)} ms`,
        },
        { where: places.effects, found: describeEffects(effects, requests) },
        ...(hasControl(range, 'bearer') ? [await inSilence(range)] : []),
      ],
      why:
        sent.length > 0
          ? 'The agent takes each refusal for the affair of that call alone, and goes on.'
          : 'A token that is refused after it was renewed ends the task (fail closed).',
    });
  },
};
