/** The capability matrix: what is claimed of either side, what came of the attacks on our models, and on real products. */
import type { CapabilityRow, OutcomeCounts, Verdict } from '#contract/analysis.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { AttackResult, Capability } from '#contract/security.ts';

interface Row {
  capability: Capability | 'latency_overhead';
  title: string;
  /** What its makers say; null where they say nothing. */
  native: string | null;
  gateway: string | null;
}

/** The seven rows that a campaign must fill, then the capabilities that only attacks know. */
const rows: readonly Row[] = [
  {
    capability: 'oauth_scopes',
    title: 'OAuth scope enforcement',
    native: 'built into the runtime: one refresh at a time, and a token is used only with the scopes consented to',
    gateway: 'the proxy inspects every token',
  },
  {
    capability: 'plugin_permissions',
    title: 'Plugin permission model',
    native: 'declared in a manifest, enforced while the plugin runs',
    gateway: 'none: it does not know plugins',
  },
  {
    capability: 'latency_overhead',
    title: 'Latency overhead',
    native: 'no added hop',
    gateway: '5 to 15 ms a request',
  },
  {
    capability: 'audit_logging',
    title: 'Audit logging',
    native: 'on the agent’s host',
    gateway: 'central, and can be queried',
  },
  {
    capability: 'human_in_the_loop',
    title: 'Second factor, human in the loop',
    native: 'needs a trigger from outside',
    gateway: 'an approval workflow',
  },
  {
    capability: 'fail_closed',
    title: 'Fail-closed behaviour',
    native: 'execution halts',
    gateway: 'the connection is dropped at the proxy',
  },
  {
    capability: 'several_frameworks',
    title: 'Several frameworks',
    native: 'one only',
    gateway: 'any agent that speaks HTTP',
  },
  {
    capability: 'token_theft',
    title: 'Stolen tokens and state files',
    native: 'tokens work in the execution context alone that they were issued to',
    gateway: 'agents never hold the upstream credentials',
  },
  {
    capability: 'network_egress',
    title: 'Network egress',
    native: 'a plugin dials only the hosts that its manifest names',
    gateway: null,
  },
  { capability: 'budgets', title: 'Budgets', native: null, gateway: 'per agent, and over all agents' },
  {
    capability: 'secrets_in_telemetry',
    title: 'Secrets in logs and traces',
    native: 'refresh records hold a hash of the scopes, never the token',
    gateway: null,
  },
];

interface Context {
  manifest: Manifest;
  verdicts: readonly Verdict[];
}

/** A row for each capability, in one order, whether attacked or not. Every cell is counted in exactly one row. */
export function matrixOf(attacks: readonly AttackResult[], { manifest, verdicts }: Context): CapabilityRow[] {
  return rows.map(({ capability, title, native, gateway }) => {
    const indices = attacks.flatMap((a, i) => (a.capability === capability ? [i] : []));
    const counts = countsOf(
      indices.map((i) => attacks[i]!),
      manifest,
    );
    const latency = capability === 'latency_overhead' ? latencyVerdicts(verdicts) : { modelled: [], measured: [] };
    return {
      capability,
      title,
      claimed: { native, gateway },
      modelled: counts.filter((c) => c.subject.kind === 'modelled'),
      measured: counts.filter((c) => c.subject.kind === 'real'),
      attacks: indices.map((i) => `/security/0/attacks/${i}`),
      figures: latency,
    };
  });
}

/** In the order of the manifest's arms; arms without a cell are left out. */
function countsOf(attacks: readonly AttackResult[], { arms }: Manifest): OutcomeCounts[] {
  return arms.flatMap(({ arm, subject }) => {
    const cells = attacks.flatMap((a) => a.cells.filter((c) => c.arm === arm));
    if (cells.length === 0) return [];
    const of = (outcome: (typeof cells)[number]['outcome']): number =>
      cells.filter((c) => c.outcome === outcome).length;
    return [
      {
        arm,
        subject,
        stopped: of('stopped'),
        stopped_elsewhere: of('stopped_elsewhere'),
        not_stopped: of('not_stopped'),
        not_applicable: of('not_applicable'),
      },
    ];
  });
}

/** C1a, C1b and their like on attached gateways. */
function latencyVerdicts(verdicts: readonly Verdict[]): CapabilityRow['figures'] {
  const of = (kind: Verdict['subject']['kind']): string[] =>
    verdicts.flatMap((v, i) => (/^C1[ab](-|$)/.test(v.claim) && v.subject.kind === kind ? [`/verdicts/${i}`] : []));
  return { modelled: of('modelled'), measured: of('real') };
}
