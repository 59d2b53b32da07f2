/**
 * Verdicts on the claims that attacks decide. Each claim is made of parts, and each part is shown, not shown, shown in
 * some places only, or open where nothing was carried out that could show it. The rules stand here before any run.
 */
import type { Verdict } from '#contract/analysis.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { Security, SecurityMetric } from '#contract/security.ts';
import { attackParts } from './attackParts.ts';
import type { Claim } from './claims.ts';
import { everySubject } from './correlationVerdict.ts';
import { escalationParts } from './escalation.ts';
import { capsOf, type Evidence, type Findings, noEvidence } from './findings.ts';

export interface Part {
  state: 'shown' | 'not shown' | 'partly' | 'open';
  /** What was found, a sentence. */
  says: string;
  evidence: Evidence;
  /** Whose behaviour it is. */
  arms: readonly string[];
  /** Does the claim fall where this part is not shown? Else it only has to hold beside those that decide. */
  decides: boolean;
}

/** What the parts of a claim are read from. */
export interface Attacked {
  security: Security;
  manifest: Manifest;
  claim: string;
}

type Ruling = Pick<Verdict, 'verdict'> & { reason: string };

/**
 * Confirmed: every part is shown. Refuted: none of those that decide is, in any place. Inconclusive: a part is open, or a
 * warning caps the claim. Mixed: anything else.
 */
export function ruling(parts: readonly Part[], capped: readonly string[]): Ruling {
  if (capped.length > 0) return { verdict: 'inconclusive', reason: `Capped: ${capped.join('; ')}.` };
  const of = (state: Part['state']): number => parts.filter((p) => p.state === state).length;
  const open = of('open');
  if (open > 0) return { verdict: 'inconclusive', reason: `Open in ${open} of ${parts.length} parts.` };
  if (of('shown') === parts.length) return { verdict: 'confirmed', reason: 'Every part of the claim is shown.' };
  if (parts.every((p) => !p.decides || p.state === 'not shown'))
    return { verdict: 'refuted', reason: 'No part of the claim is shown anywhere.' };
  const tally = `Of ${parts.length} parts ${of('shown')} shown, ${of('partly')} in some places only, ${of('not shown')} not.`;
  return { verdict: 'mixed', reason: tally };
}

const scopes: Record<SecurityMetric, string> = {
  escalation: 'A model of the article’s story: no published product is known to have refreshed so.',
  blocked_calls: 'Our agent and our gateway; how a framework takes a refusal is its own.',
  silent_failure:
    'Our gateway. Calls fail so where it drops denials in silence, which is an option; told clearly, the agent knows.',
  log_evidence:
    'Our agent and our gateway, on one host; a gateway on a host of its own is out of such reach altogether.',
};

export function securityVerdict({ data, warnings, security }: Findings, claim: Claim): Verdict {
  const { manifest } = data;
  const metric = claim.metric as SecurityMetric;
  const attacked = security && { security, manifest, claim: claim.claim };
  const parts = attacked ? (metric === 'escalation' ? escalationParts(attacked) : attackParts[metric](attacked)) : [];
  const { verdict, reason } = ruling(parts, capsOf(warnings, claim.claim));
  const evidence = parts.flatMap((p) => p.evidence);
  const arms = new Set(parts.flatMap((p) => p.arms));
  return {
    claim: claim.claim,
    statement: claim.statement,
    subject: everySubject(manifest.arms.filter((a) => arms.has(a.arm)).map((a) => a.subject)),
    verdict,
    margin: claim.margin,
    metric: claim.metric,
    why: [...parts.map((p) => p.says), reason].join(' '),
    scope: scopes[metric],
    evidence: evidence.length > 0 ? evidence : noEvidence(data),
  };
}
