/** The hand-made campaign with its security phase: attacks with every outcome, races with exact intervals. Not measured. */
import {
  type Analysis,
  analysisSchema,
  type CapabilityRow,
  type SecuritySection,
  type Verdict,
} from '#contract/analysis.ts';
import type { AttackResult, Cell, Race } from '#contract/security.ts';
import { fixture } from './fixture.ts';
import { subjects } from './fixture-verdicts.ts';
import { hostileFixture, hostileName } from './variants.ts';

type Brief = Pick<Cell, 'outcome' | 'by' | 'belief' | 'why'>;

const stopped = (by: 'agent' | 'gateway', why: string): Brief => ({
  outcome: 'stopped',
  by,
  belief: { words: `refused by ${by}`, outcomes: ['denied'] },
  why,
});
const elsewhere = (by: 'authority' | 'tools', why: string): Brief => ({
  outcome: 'stopped_elsewhere',
  by,
  belief: { words: `failed (${by})`, outcomes: ['failed'] },
  why,
});
const through = (why: string): Brief => ({
  outcome: 'not_stopped',
  by: null,
  belief: { words: 'carried out', outcomes: ['ok'] },
  why,
});
const none = (why: string): Brief => ({ outcome: 'not_applicable', by: null, belief: null, why });

function cell(arm: string, brief: Brief, at: number): Cell {
  const tried = brief.outcome !== 'not_applicable';
  return {
    arm,
    ...brief,
    tries: tried ? 5 : 0,
    succeeded: brief.outcome === 'not_stopped' ? 5 : 0,
    time_to_stop_ms: brief.by === null ? null : 3.25 + at,
    trace_id: tried ? `${'0'.repeat(30)}${(at + 16).toString(16)}` : null,
    evidence: tried ? [{ where: 'effects at the tool services', found: brief.by === null ? '5 effects' : 'none' }] : [],
  };
}

const arms = ['direct', 'native', 'native-regressed', 'passthrough', 'gateway', 'layered'] as const;

/** In the order of `arms`. */
const attack = (
  about: Omit<AttackResult, 'cells' | 'counts_as_stopped' | 'story'> & { story?: boolean },
  briefs: Brief[],
): AttackResult => ({
  story: false,
  counts_as_stopped: 'the call has no effect at the tools',
  ...about,
  cells: briefs.map((brief, i) => cell(arms[i]!, brief, i)),
});

const unaware = 'Nothing on this arm knows of it.';
const inAgent = stopped('agent', 'The agent holds the plugin to its manifest.');
const atGateway = stopped('gateway', 'The gateway refuses it by its rules.');

const attacks: AttackResult[] = [
  attack(
    {
      id: 'scope-bleed',
      title: 'Scope bleeds across tenants that share a cache',
      capability: 'oauth_scopes',
      claims: ['C4'],
      story: true,
    },
    [
      none('No cache of tokens.'),
      stopped('agent', 'A slot per tenant and scope set.'),
      through('One slot for all.'),
      none('No cache of tokens.'),
      none('No cache of tokens.'),
      stopped('agent', 'A slot per tenant and scope set.'),
    ],
  ),
  attack(
    {
      id: 'undeclared',
      title: 'A plugin uses an operation that it does not declare',
      capability: 'plugin_permissions',
      claims: [],
    },
    [
      through(unaware),
      inAgent,
      through(unaware),
      through(unaware),
      through('Nothing in the request names the plugin.'),
      inAgent,
    ],
  ),
  attack({ id: 'hammered', title: 'A denied endpoint is hammered', capability: 'fail_closed', claims: ['C5'] }, [
    through(unaware),
    inAgent,
    inAgent,
    through(unaware),
    { ...atGateway, belief: { words: 'no answer, it does not know', outcomes: ['timeout'] } },
    inAgent,
  ]),
  attack(
    {
      id: 'header-missing',
      title: 'The gateway wants a header that is not sent',
      capability: 'fail_closed',
      claims: ['C7'],
    },
    [
      none('No gateway.'),
      none('No gateway.'),
      none('No gateway.'),
      none('No rules.'),
      { ...atGateway, belief: { words: 'no answer', outcomes: ['timeout'] } },
      { ...atGateway, belief: { words: 'no answer', outcomes: ['timeout'] } },
    ],
  ),
  attack(
    { id: 'tampered', title: 'The logs on the agent’s host are altered', capability: 'audit_logging', claims: ['C10'] },
    [through(unaware), through(unaware), through(unaware), through(unaware), atGateway, atGateway],
  ),
  attack({ id: 'payment', title: 'A payment above the threshold', capability: 'human_in_the_loop', claims: [] }, [
    through(unaware),
    through('No human is asked.'),
    through(unaware),
    through(unaware),
    atGateway,
    atGateway,
  ]),
  attack({ id: 'stolen', title: 'A stolen access token is used', capability: 'token_theft', claims: [] }, [
    through(unaware),
    elsewhere('tools', 'The token is bound to a key.'),
    through(unaware),
    through(unaware),
    elsewhere('authority', 'It is revoked.'),
    elsewhere('tools', 'The token is bound to a key.'),
  ]),
];

/** Exact intervals of 200 trials, by counts of escalations. */
const intervals: Record<number, [number, number]> = {
  200: [0.98172466, 1],
  116: [0.508336175, 0.649256142],
  36: [0.129368928, 0.240381097],
  2: [0.001213349, 0.035654668],
  0: [0, 0.01827534],
};

const races: Race[] = [0, 2, 10, 50].flatMap((gap_ms, i) =>
  (['regressed', 'hardened'] as const).map((strategy) => {
    const escalated = strategy === 'hardened' ? 0 : [200, 116, 36, 2][i]!;
    return { strategy, gap_ms, trials: 200, escalated, served: 400, calls: 400, ci95: intervals[escalated]! };
  }),
);

const titles: Record<string, [string, string | null, string | null]> = {
  oauth_scopes: ['OAuth scope enforcement', 'built into the runtime', 'the proxy inspects every token'],
  plugin_permissions: ['Plugin permission model', 'declared in a manifest', 'none: it does not know plugins'],
  latency_overhead: ['Latency overhead', 'no added hop', '5 to 15 ms a request'],
  audit_logging: ['Audit logging', 'on the agent’s host', 'central, and can be queried'],
  human_in_the_loop: ['Second factor, human in the loop', 'needs a trigger from outside', 'an approval workflow'],
  fail_closed: ['Fail-closed behaviour', 'execution halts', 'the connection is dropped at the proxy'],
  several_frameworks: ['Several frameworks', 'one only', 'any agent that speaks HTTP'],
  token_theft: ['Stolen tokens and state files', 'bound to a context', null],
};

function rowOf(capability: string, analysis: Analysis): CapabilityRow {
  const [title, native, gateway] = titles[capability]!;
  const own = attacks.flatMap((a, i) => (a.capability === capability ? [i] : []));
  const counts = arms.flatMap((arm) => {
    const cells = own.flatMap((i) => attacks[i]!.cells.filter((c) => c.arm === arm));
    if (cells.length === 0) return [];
    const of = (outcome: Cell['outcome']): number => cells.filter((c) => c.outcome === outcome).length;
    const { subject } = analysis.campaign.arms.find((a) => a.arm === arm)!;
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
  return {
    capability,
    title,
    claimed: { native, gateway },
    modelled: counts,
    measured: [],
    attacks: own.map((i) => `/security/0/attacks/${i}`),
    figures: { modelled: capability === 'latency_overhead' ? ['/verdicts/0', '/verdicts/1'] : [], measured: [] },
  };
}

const sectionOf = (analysis: Analysis): SecuritySection => ({
  seed: 'weighbridge',
  started: '2026-03-01T10:20:00.000Z',
  duration_s: 41.5,
  attacks,
  races,
  matrix: Object.keys(titles).map((capability) => rowOf(capability, analysis)),
});

const counted = (label: string, pointer: string, k: number, n: number): Verdict['evidence'][number] => ({
  label,
  pointer,
  estimate: k,
  ci: null,
  unit: 'count',
  n,
});

const verdict = (claim: string, metric: string, evidence: Verdict['evidence']): Verdict => ({
  claim,
  statement: `What claim ${claim} says of attacks.`,
  subject: subjects.gateway!,
  verdict: 'confirmed',
  margin: 'the rule of this claim',
  metric,
  why: 'Every part of the claim is shown.',
  scope: 'Our agent and our gateway.',
  evidence,
});

const race = (label: string, at: number): Verdict['evidence'][number] => {
  const { escalated, trials, ci95 } = races[at]!;
  return {
    label,
    pointer: `/security/0/races/${at}`,
    estimate: escalated / trials,
    ci: ci95,
    unit: 'ratio',
    n: trials,
  };
};

/** A complete campaign on which attacks were carried out, with the verdicts that they decide. */
export function attackedFixture(): Analysis {
  const analysis = fixture();
  analysis.security = [sectionOf(analysis)];
  analysis.verdicts.push(
    verdict('C4', 'escalation', [
      race('regressed, gap 0 ms', 0),
      race('regressed, gap 50 ms', 6),
      counted('attacks that succeeded before the fix', '/security/0/attacks/0/cells/2', 1, 1),
      race('hardened, all gaps', 1),
    ]),
    verdict('C5', 'blocked_calls', [counted('in the agent: known', '/security/0/attacks/2/cells/1', 1, 1)]),
    verdict('C7', 'silent_failure', [counted('behind the gateway: not known', '/security/0/attacks/3/cells/4', 2, 2)]),
    verdict('C10', 'log_evidence', [counted('without a gateway: unnoticed', '/security/0/attacks/4/cells/1', 3, 3)]),
  );
  return analysisSchema.parse(analysis);
}

/** The same with words of attackers and of users wherever words can stand. */
export function hostileAttackedFixture(): Analysis {
  const hostile = hostileFixture();
  const { security, verdicts } = attackedFixture();
  const [section] = structuredClone(security) as [SecuritySection];
  const renamed = hostile.campaign.arms.find((a) => a.arm.startsWith('gateway '))!.arm;
  for (const a of section.attacks) {
    Object.assign(a, { title: hostileName, counts_as_stopped: hostileName, claims: [hostileName] });
    for (const c of a.cells) {
      Object.assign(c, {
        belief: { words: hostileName, outcomes: [] },
        why: hostileName,
        evidence: [{ where: hostileName, found: hostileName }],
      });
      if (c.arm === 'gateway') c.arm = renamed;
    }
  }
  for (const row of section.matrix) {
    row.title = hostileName;
    for (const m of row.modelled) if (m.arm === 'gateway') m.arm = renamed;
  }
  hostile.security = [section];
  hostile.verdicts.push(...verdicts.slice(-4).map((v) => ({ ...v, why: hostileName, margin: hostileName })));
  return analysisSchema.parse(hostile);
}
