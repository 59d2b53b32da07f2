/** Two campaigns side by side, for a terminal: how they differ first, then what changed. At most 100 columns wide. */
import type { CampaignChanges, Change, Difference, LoadChange } from '#contract/changes.ts';
import { frontierMetric } from '#contract/loadFigures.ts';
import { clean, count, plural } from './reading/format.ts';
import { cellText, pairName } from './reading/pairs.ts';
import { wrap } from './summary.ts';

const weights: Record<Difference['weight'], string> = {
  breaks: 'alone could make a change',
  care: 'can move figures',
  subject: 'may be what is under test',
  nothing: 'moves no estimate',
};

const standings: Record<CampaignChanges['standing'], string> = {
  meaningful: 'The comparison is meaningful.',
  with_care: 'The comparison wants care.',
  not_meaningful: 'The comparison is not meaningful.',
};

const verdictWords: Record<Change['verdict'], string> = {
  larger: 'larger',
  smaller: 'smaller',
  no_difference: 'no difference',
  inconclusive: 'inconclusive',
};

const indented = (lines: readonly string[]): string[] => lines.map((l) => `  ${l}`);
/** Room for what stands before a wrapped line. */
const narrow = 2;

const differenceLines = (d: Difference): string[] =>
  indented(wrap(`${clean(d.what)}: ${clean(d.a)} → ${clean(d.b)} (${weights[d.weight]})`, narrow));

const changeLines = (c: Change): string[] => [
  ...wrap(
    `${verdictWords[c.verdict]}: ${clean(c.metric)} of ${pairName(c)}, ${cellText(c)}${c.phase === 'latency' ? '' : ` (${clean(c.phase)})`}`,
  ),
  ...indented(wrap(clean(c.why), narrow)),
];

const loadLines = (c: LoadChange): string[] => [
  ...wrap(`${verdictWords[c.verdict]}: ${clean(c.metric)} of ${loadPair(c)} under load`),
  ...indented(wrap(clean(c.why), narrow)),
];

const loadPair = ({ arm, baseline }: LoadChange): string =>
  baseline === null ? clean(arm) : `${clean(arm)} ÷ ${clean(baseline)}`;

const changed = ({ verdict }: Pick<Change, 'verdict'>): boolean => verdict === 'larger' || verdict === 'smaller';

/** What is shown of them where not all is asked for: what changed, the price at p50 and p95, and what each arm carries. */
const shownMetrics = ['felt_p50_shift', 'felt_p95_shift', frontierMetric(10), 'saturation'];
const isShown = (c: Pick<Change, 'verdict' | 'metric'>): boolean => changed(c) || shownMetrics.includes(c.metric);

function tally(changes: readonly Pick<Change, 'verdict'>[]): string {
  const of = (verdict: Change['verdict']) => count(changes.filter((c) => c.verdict === verdict).length);
  return `${plural(changes.length, 'comparison')}: ${of('larger')} larger, ${of('smaller')} smaller, ${of('no_difference')} without a difference, ${of('inconclusive')} inconclusive.`;
}

/** What guards a reader of many comparisons. */
function byChance(changes: readonly Pick<Change, 'p_adjusted'>[]): string[] {
  const tested = changes.filter((c) => c.p_adjusted !== null).length;
  return tested > 1
    ? [
        `Intervals are at 95 % each; a change is named only where it stands among all ${count(tested)} that were tested (Holm, 5 %).`,
      ]
    : [];
}

/** @param all every comparison, and not only what changed and the price at p50 and p95 */
export function changesText(found: CampaignChanges, all = false): string {
  const { a, b, differences, changes, load, only } = found;
  const every = [...changes, ...load];
  const side = (name: string, c: CampaignChanges['a']): string[] =>
    wrap(
      `${name}: ${clean(c.id)} (${clean(c.profile)} profile, ${plural(c.blocks, 'block')}, raw data ${clean(c.raw_digest).slice(0, 12)})`,
    );
  const shown = [
    ...changes.filter((c) => all || isShown(c)).map(changeLines),
    ...load.filter((c) => all || isShown(c)).map(loadLines),
  ];
  const left = every.length - shown.length;
  const alone = only.a + only.b > 0 ? [`In A alone: ${count(only.a)} comparisons; in B alone: ${count(only.b)}.`] : [];
  return [
    ...side('A', a),
    ...side('B', b),
    '',
    differences.length === 0 ? 'Nothing in their environment or plan differs.' : 'They differ in',
    ...differences.flatMap(differenceLines),
    '',
    ...wrap(`${standings[found.standing]} ${clean(found.why)}`),
    '',
    ...shown.flat(),
    ...(shown.length > 0 ? [''] : []),
    ...wrap(tally(every)),
    ...byChance(every).flatMap((s) => wrap(s)),
    ...alone,
    ...(left > 0 ? [`${count(left)} more with --all.`] : []),
  ].join('\n');
}
