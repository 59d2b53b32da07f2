/** What the attacks with a plugin's code have in common: does code run that nobody vouched for? */
import { existsSync, readFileSync } from 'node:fs';
import type { PlannedCall } from '#contract/calls.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Finding, Range } from '../../../attack.ts';
import { beliefOf, makeCalls, saying } from '../../../means/calls.ts';
import { judged, since_ms } from '../../../means/finding.ts';
import { describeEffects } from '../../gateway/means/deeds.ts';
import { rowOf } from './harmless.ts';
import { withPlugins } from './plugins.ts';

export interface ForeignCode {
  /** Folder of all the agent's plugins. */
  plugins: string;
  /** The code leaves a line here when it is loaded, and one with the arguments of each call. */
  mark: string;
  call: PlannedCall;
  /** One sentence for each way it can end. */
  why: { stopped: string; ran: string };
}

/** Code that does what it should, and tells the mark. */
export const tellingCode = (mark: string): string => `import { appendFileSync } from 'node:fs';
import { catalogueRequests, toolsHost } from '../catalogue.ts';

const make = catalogueRequests(toolsHost);
appendFileSync(${JSON.stringify(mark)}, 'loaded\\n');
export const request = (operation, args) => {
  appendFileSync(${JSON.stringify(mark)}, JSON.stringify(args) + '\\n');
  return make(operation, args);
};
`;

const markEvidence = (mark: string) => {
  const lines = existsSync(mark) ? readFileSync(mark, 'utf8').trim().split('\n').length : 0;
  return { where: 'the mark that the code leaves', found: lines === 0 ? 'none' : `${lines} lines` };
};

/** Starts an agent with such a plugin, and where it starts makes a call by it. */
export async function loadForeignCode(range: Range, { plugins, mark, call, why }: ForeignCode): Promise<Finding> {
  const started_ms = performance.now();
  const agent = await range.startAgent({ change: (config) => withPlugins(config, plugins) }).catch(refusal);
  if (agent instanceof WeighbridgeError) {
    return judged({
      tries: 1,
      succeeded: existsSync(mark) ? 1 : 0,
      by: 'agent',
      time_to_stop_ms: since_ms(started_ms),
      belief: saying('the agent does not start'),
      trace_id: null,
      evidence: [{ where: "the agent's start", found: `${agent.code}: ${agent.message}` }, markEvidence(mark)],
      why: why.stopped,
    });
  }
  const row = rowOf(await makeCalls(agent, [call]), call);
  const { effects, requests } = await range.tools.control.call('effects');
  return judged({
    tries: 1,
    succeeded: existsSync(mark) ? 1 : 0,
    by: null,
    time_to_stop_ms: null,
    belief: beliefOf([row]),
    trace_id: row.trace_id,
    evidence: [
      markEvidence(mark),
      { where: 'effects at the tool services', found: describeEffects(effects, requests) },
    ],
    why: why.ran,
  });
}

/** The refusal that the attack is about; anything else is a fault. */
function refusal(error: unknown): WeighbridgeError {
  if (error instanceof WeighbridgeError && error.code === 'INTEGRITY') return error;
  throw error;
}
