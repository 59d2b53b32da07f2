/** The claims that the project exists to test, in short. A campaign brings verdicts on some of them. */
import type { Analysis, Verdict } from '#contract/analysis.ts';

export const claims: Record<string, string> = {
  C1: 'a gateway adds 5 to 15 ms to a tool call',
  C2: 'where it does not, name lookups or a firewall add hops',
  C3: 'the hardened runtime reduces 401 retry loops',
  C4: 'before the fix, overlapping refreshes could hand out tokens with more scope than was consented to, across tenants too',
  C5: 'native failure is deterministic, while behind an intercepting gateway an agent may go on, retry or believe in success',
  C6: 'removing the gateway may surface errors, so the error budgets of both paths must be compared',
  C7: 'a policy mismatch shows as silent failures',
  C8: 'a trace_id made at the agent joins logs that timestamps cannot',
  C9: 'a gateway costs CPU and memory that could run more agents',
  C10: 'logs local to an agent can be tampered with, a gateway’s central log is evidence',
};

/** `C1` of `C1a` and of `C1b-ours`. */
const baseOf = (claim: string): string => claim.replace(/-.*$/, '').replace(/[a-z]$/, '');

/**
 * The verdicts on what the decision costs in latency: C1b, or C1a where there is no C1b. Those on gateways that a user
 * attached (`C1b-ours`) stand first, since the question is about them.
 */
export function latencyVerdicts(analysis: Analysis): Verdict[] {
  const family = (claim: string): Verdict[] => [
    ...analysis.verdicts.filter((v) => v.claim.startsWith(`${claim}-`)),
    ...analysis.verdicts.filter((v) => v.claim === claim),
  ];
  const decision = family('C1b');
  return decision.length > 0 ? decision : family('C1a');
}

/** The verdict on which the answer rests. */
export const latencyVerdict = (analysis: Analysis): Verdict | null => latencyVerdicts(analysis)[0] ?? null;

/** Claims of the catalogue on which this campaign has no verdict; C1a and C1b-ours stand for C1. */
export function untestedClaims(analysis: Analysis): string[] {
  const ruled = new Set(analysis.verdicts.map((v) => baseOf(v.claim)));
  return Object.keys(claims).filter((id) => !ruled.has(id));
}
