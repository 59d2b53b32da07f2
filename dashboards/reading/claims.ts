/** The claims that the project exists to test, in short. A campaign brings verdicts on some of them. */
import type { Analysis } from '#contract/analysis.ts';

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

/** Claims of the catalogue on which this campaign has no verdict; C1a stands for C1. */
export function untestedClaims(analysis: Analysis): string[] {
  const ruled = new Set(analysis.verdicts.map((v) => v.claim.replace(/[a-z]$/, '')));
  return Object.keys(claims).filter((id) => !ruled.has(id));
}
