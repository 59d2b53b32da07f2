/** What a campaign did not test, and when its answer must be asked for again. */
import type { Analysis } from '#contract/analysis.ts';
import { protocolOf } from '#contract/calls.ts';
import { allModelled } from './arms.ts';
import { claims, untestedClaims } from './claims.ts';
import { clean, list, plural } from './format.ts';
import { attacked, untestedRows } from './security.ts';
import { isProvisional, weakness } from './standing.ts';

/** One sentence per thing. */
export function notTested(analysis: Analysis): string[] {
  const said: string[] = [];
  const { campaign } = analysis;
  const secured = campaign.conditions.some((c) => protocolOf(c) === 'https');
  const counted = analysis.arms.some((a) => a.retry401.over_broad.of > 0);
  for (const id of untestedClaims(analysis)) {
    const partly =
      id === 'C4' && counted ? ' Over-broad tokens were counted within one tenant, without a verdict.' : '';
    said.push(`Claim ${id}: ${claims[id]}.${partly}`);
  }
  const section = attacked(analysis);
  if (section) said.push(...untestedRows(section));
  else said.push('Attacks: none was carried out, so nothing here tells whether an arrangement stops one.');
  if (analysis.load === null) {
    said.push('Load: throughput, queues and saturation. Every figure is from arms that were not pressed.');
  }
  if (campaign.arms.length > 0 && allModelled(analysis)) {
    said.push(
      'Real products: every subject is a model of the article’s claims, built to their best form. No figure describes a published OpenClaw or AgentPort.',
    );
  }
  if (campaign.conditions.length > 0 && campaign.conditions.every((c) => c.includes('/c1/'))) {
    said.push('Tasks side by side in the latency phase: every condition ran one task at a time.');
  }
  if (!campaign.conditions.some((c) => c.startsWith('realistic'))) said.push('Tools that take time to answer.');
  if (!campaign.arms.some((a) => a.subject.protocol.includes('mcp')))
    said.push(`Tools over MCP: the calls were ${secured ? 'HTTP, in some conditions over TLS' : 'plain HTTP'}.`);
  said.push(
    `A network between hosts${secured ? '' : ', TLS, name lookups'} and a policy service elsewhere, unless an attached gateway brought its own.`,
    'Fleets: one agent per arm was run, and agents of one framework only, unless a campaign attached its own.',
  );
  if (!analysis.comparisons.some((c) => c.metric === 'felt_p99_shift')) {
    said.push('The p99 as a difference between arms: it needs 2,000 kept calls per block and arm.');
  }
  return said;
}

/** One sentence per occasion. */
export function lookAgain(analysis: Analysis): string[] {
  const open = analysis.verdicts.filter((v) => weakness(analysis, v) !== null).map((v) => clean(v.claim));
  const systems = [...new Set(analysis.campaign.arms.map((a) => clean(a.subject.system)))];
  const said: string[] = [];
  if (open.length > 0)
    said.push(
      `Before anything rests on ${open.length === 1 ? 'claim' : 'claims'} ${list(open)}: they stay open until a campaign with more or quieter blocks decides them.`,
    );
  if (isProvisional(analysis))
    said.push(
      `Before the decision is final: this was a ${clean(analysis.campaign.profile)} campaign of ${plural(analysis.campaign.blocks.kept, 'block')}.`,
    );
  if (systems.length > 0) said.push(`When a subject changes its version: ${list(systems)}.`);
  said.push(
    'When the gateway moves: to another host, behind TLS, or to a policy service of its own.',
    'When the work changes: slower or faster tools, more tasks at once, another protocol.',
    'When the fleet grows past what one process of a gateway serves, or takes in a second framework.',
  );
  return said;
}
