/** The considered options with what the evidence says for and against each. A figure that does not exclude zero is neutral. */
import type { Analysis, Comparison } from '#contract/analysis.ts';
import type { Cell } from '#contract/security.ts';
import { comparisonSentence } from '../reading/answer.ts';
import { subjectText } from '../reading/arms.ts';
import { comparisonDoubt } from '../reading/doubt.ts';
import { clean, count, percent, plural, shorten } from '../reading/format.ts';
import { isDoubted, pressedFigure, pressedSentence, sideOfRatio, throughput } from '../reading/load.ts';
import { findComparison } from '../reading/pairs.ts';
import { applicable, attacked, cellsOfArm, countsOf, titles } from '../reading/security.ts';

export interface Argument {
  side: 'Good' | 'Neutral' | 'Bad';
  /** Follows “because”; no full stop. */
  because: string;
}

export interface Option {
  name: string;
  what: string;
  /** The arm that stands for it. */
  arm: string;
  arguments: Argument[];
}

const pricedMetrics = ['felt_p95_shift', 'cpu_per_call_shift'] as const;

/** A price is bad where its interval lies above zero, good where below, neutral where it does not tell. */
function sideOf(analysis: Analysis, c: Comparison): Argument['side'] {
  const { profile, status } = analysis.campaign;
  if (c.ci95 === null || profile === 'smoke' || status === 'aborted') return 'Neutral';
  if (c.ci95[0] > 0) return 'Bad';
  return c.ci95[1] < 0 ? 'Good' : 'Neutral';
}

/** The price with the side that it is on, or why it is on none. */
function priceOf(analysis: Analysis, c: Comparison): Argument {
  const said = comparisonSentence(analysis, c);
  const doubt = comparisonDoubt(analysis, c);
  if (doubt !== null) return { side: 'Neutral', because: `${said}, which bears no weight, since ${doubt}` };
  const side = sideOf(analysis, c);
  return { side, because: side === 'Neutral' ? `${said}, which this campaign cannot tell from nothing` : said };
}

function prices(analysis: Analysis, arm: string): Argument[] {
  return pricedMetrics.map((metric) => {
    const found = findComparison(analysis, { arm, baseline: 'direct' }, metric);
    if (!found)
      return {
        side: 'Neutral',
        because: `its ${metric === 'felt_p95_shift' ? 'price in latency' : 'price in CPU'} was not measured`,
      };
    return priceOf(analysis, found.comparison);
  });
}

/** Throughput is a price where less is carried, CPU time where more is used. */
const priceUnderLoad = [
  { metric: throughput, dear: 'below' },
  { metric: 'cpu_us_per_call', dear: 'above' },
] as const;

/** What the arm carries, and what that takes, against no controls; nothing where the campaign has no load phase. */
function underLoad(analysis: Analysis, arm: string): Argument[] {
  return priceUnderLoad.flatMap(({ metric, dear }): Argument[] => {
    const because = pressedSentence(analysis, metric, arm, 'direct');
    if (because === null) return [];
    const ratio = arm === 'direct' ? null : pressedFigure(analysis, metric, { arm, baseline: 'direct' });
    if (!ratio || ratio.figure.estimate === null) return [{ side: 'Neutral', because }];
    const { profile, status } = analysis.campaign;
    const isWeak = profile === 'smoke' || status === 'aborted' || isDoubted(analysis, ratio);
    const lies = isWeak ? 'open' : sideOfRatio(ratio);
    if (lies === 'open')
      return [{ side: 'Neutral', because: `${because}, which this campaign cannot tell from the same` }];
    return [{ side: lies === dear ? 'Bad' : 'Good', because }];
  });
}

/** What became of calls that met an expired or revoked token. */
function tokens(analysis: Analysis, arm: string): Argument[] {
  const found = analysis.arms.find((a) => a.arm === arm && a.phase === 'lifecycle' && a.retry401.episodes.n > 0);
  if (!found) return [];
  const { funnel, loops } = found.retry401;
  const met = `${count(funnel.touched)} of ${count(funnel.calls)} calls met a 401 on either leg; ${count(funnel.recovered)} recovered, ${count(funnel.not_recovered)} did not, with ${plural(loops, 'loop')}`;
  return [{ side: 'Neutral', because: met }];
}

function overBroad(analysis: Analysis): Argument[] {
  const found = analysis.arms.find((a) => a.arm === 'native-regressed' && a.retry401.over_broad.of > 0);
  if (!found || found.retry401.over_broad.calls === 0) return [];
  const { calls, of } = found.retry401.over_broad;
  return [
    {
      side: 'Bad',
      because: `it stands and falls with the runtime: as it was before the fix (arm native-regressed, a model of the article’s story), ${count(calls)} of ${count(of)} calls (${percent(calls / of)}) used a token with scopes that the plugin had not asked for`,
    },
  ];
}

/** How many of the names of attacks stand in a sentence. */
const mostTitles = 6;

/** What came of the attacks on the option's arm; nothing where none was carried out on it. */
function attacks(analysis: Analysis, arm: string): Argument[] {
  const section = attacked(analysis);
  const cells = section ? cellsOfArm(section, arm) : [];
  const counts = countsOf(cells);
  const all = applicable(counts);
  if (all === 0) return [];
  const of = (outcome: Cell['outcome']) => cells.filter((c) => c.cell.outcome === outcome);
  const within = `of ${plural(all, 'attack')} that could be carried out on it`;
  const elsewhere =
    counts.stopped_elsewhere === 0
      ? ''
      : `; the authority, the tools or the network stopped ${count(counts.stopped_elsewhere)} more, as without it`;
  return [
    {
      side: counts.stopped > 0 ? 'Good' : 'Neutral',
      because: `${within}, it stopped ${count(counts.stopped)} itself${elsewhere}`,
    },
    ...(counts.not_stopped > 0
      ? [
          {
            side: 'Bad' as const,
            because: `${within}, ${count(counts.not_stopped)} succeeded: ${titles(of('not_stopped'), mostTitles)}`,
          },
        ]
      : []),
  ];
}

const claimed = (side: Argument['side'], what: string): Argument => ({
  side,
  because: `${what} (claimed, not measured here)`,
});

/** What the attacks measure is claimed only where none was carried out. */
const unlessAttacked = (analysis: Analysis, claims: Argument[]): Argument[] => (attacked(analysis) ? [] : claims);

interface Shape {
  name: string;
  what: string;
  arm: string;
  more: (analysis: Analysis) => Argument[];
}

const shapes: Shape[] = [
  {
    name: 'Native',
    what: 'controls inside the agent runtime, no gateway in the path',
    arm: 'native',
    more: (analysis) => [
      ...overBroad(analysis),
      ...unlessAttacked(analysis, [
        claimed('Good', 'it sees plugin manifests and stops the task when a check fails'),
        claimed('Bad', 'its logs are local to the agent’s host, and it covers one framework'),
      ]),
    ],
  },
  {
    name: 'Gateway',
    what: 'controls in a proxy between the agents and the services',
    arm: 'gateway',
    more: (analysis) =>
      unlessAttacked(analysis, [
        claimed('Good', 'it sees every framework’s traffic and has one audit log, approvals and budgets'),
        claimed('Bad', 'it does not know which plugin made a request, and an agent behind it may go on after a denial'),
      ]),
  },
  {
    name: 'Layered',
    what: 'controls in the agent and at the gateway',
    arm: 'layered',
    more: (analysis) => unlessAttacked(analysis, [claimed('Good', 'either side still holds when the other fails')]),
  },
  {
    name: 'None',
    what: 'a competent client without controls, as the baseline of every price',
    arm: 'direct',
    more: () => [
      { side: 'Good', because: 'every other option is priced against it' },
      { side: 'Bad', because: 'nothing checks scopes, manifests or policy before the tool does' },
    ],
  },
];

/** Gateways that the user attached, each an option of its own. */
function attached(analysis: Analysis): Shape[] {
  const own = analysis.campaign.arms.filter(
    (a) => !['none', 'passthrough', 'gateway'].includes(a.gateway) && !shapes.some((s) => s.arm === a.arm),
  );
  return own.map((a) => ({
    name: `Gateway ${shorten(clean(a.gateway), 40)}, arm ${shorten(clean(a.arm), 40)}`,
    what: `the attached gateway, ${subjectText(a.subject)}; controls in the agent ${clean(a.controls)}`,
    arm: a.arm,
    // What is claimed of gateways is claimed of no user's product.
    more: () => [],
  }));
}

export function options(analysis: Analysis): Option[] {
  const own = attached(analysis);
  const run = (arm: string) => analysis.campaign.arms.some((a) => a.arm === arm);
  // The modelled gateway stands aside where the user's own is weighed in its place.
  const modelled = shapes.filter((s) => s.arm !== 'gateway' || own.length === 0 || run('gateway'));
  const at = modelled.findIndex((s) => s.arm === 'layered');
  return modelled.toSpliced(at, 0, ...own).map(({ name, what, arm, more }) => ({
    name,
    what,
    arm,
    arguments: [
      ...(arm === 'direct' ? [] : prices(analysis, arm)),
      ...underLoad(analysis, arm),
      ...tokens(analysis, arm),
      ...attacks(analysis, arm),
      ...more(analysis),
    ],
  }));
}
