/** Claims on load: decided by the 90 % interval of one figure, or one ratio, over blocks. */
import type { Verdict } from '#contract/analysis.ts';
import { armOfClaim } from '#contract/loadClaims.ts';
import { boundText, type LoadFigures, type LoadMetricFigure, loadMetricNamed } from '#contract/loadFigures.ts';
import type { Manifest } from '#contract/manifest.ts';
import { decide } from '../stats/verdict.ts';
import { quantityText, reachText } from '../thresholds/index.ts';
import { type Claim, pairOfClaim } from './claims.ts';
import { subjectOf } from './comparisons.ts';
import { capsOf, type Findings, noEvidence } from './findings.ts';

export const isLoad = (claim: Claim): boolean => loadMetricNamed(claim.metric) !== undefined;

/** The arm of a figure of one arm, or the pair of a ratio; null where the campaign does not have it. */
export function armsOfClaim(manifest: Manifest, claim: Claim): { arm: string; baseline: string | null } | null {
  const arm = armOfClaim(claim.compare);
  return arm === null ? pairOfClaim(manifest, claim) : { arm, baseline: null };
}

const loadNotRun =
  'the load phase was not run: it is where --phases names it, and in the profiles standard and rigorous';

/** Why a figure of these arms is not there, in words that follow "since". */
export function notPressed(
  load: LoadFigures | null,
  { arm, baseline }: { arm: string; baseline: string | null },
): string {
  if (!load) return loadNotRun;
  const names = baseline === null ? [arm] : [arm, baseline];
  const absent = names.filter((name) => !load.arms.some((a) => a.arm === name));
  return absent.length === 0 ? `${names.join(' ÷ ')} was not told` : `${absent.join(' and ')} was not pressed`;
}

export function loadVerdict(findings: Findings, claim: Claim): Verdict {
  const { data, load, warnings } = findings;
  const { manifest } = data;
  const arms = armsOfClaim(manifest, claim) ?? { arm: claim.compare, baseline: null };
  const index = (load?.metrics ?? []).findIndex(
    (m) => m.metric === claim.metric && m.arm === arms.arm && m.baseline === arms.baseline,
  );
  const found = load?.metrics[index];
  const ci90 = found?.ci90 ?? null;
  const { verdict, reason } = decide({
    intervals90: [ci90 && { lo: ci90[0], hi: ci90[1] ?? Infinity }],
    region: claim.region,
    capped: capsOf(warnings, claim.claim),
  });
  return {
    claim: claim.claim,
    statement: claim.statement,
    subject: subjectOf(manifest, { arm: arms.arm, baseline: arms.baseline ?? arms.arm }),
    verdict,
    margin: claim.margin,
    metric: claim.metric,
    why: [
      found ? sentenceOf(found, claim) : `Not measured, since ${notPressed(load, arms)}.`,
      `${reason.replaceAll('workload', 'setting')} Margin: ${claim.margin}.`,
      scale(found),
    ]
      .filter((text) => text !== '')
      .join(' '),
    scope: null,
    evidence: found
      ? [
          {
            label: nameOf(found),
            pointer: `/load/metrics/${index}`,
            estimate: found.estimate,
            ci: found.ci90,
            unit: found.unit,
            n: found.n,
          },
        ]
      : noEvidence(data),
  };
}

/** `gateway ÷ native under load`. */
export const nameOf = ({ arm, baseline }: Pick<LoadMetricFigure, 'arm' | 'baseline'>): string =>
  `${baseline === null ? arm : `${arm} ÷ ${baseline}`} under load`;

function sentenceOf(found: LoadMetricFigure, { metric }: Claim): string {
  const { estimate, ci90, unit, blocks, missing } = found;
  const size = estimate === null ? 'not estimated' : `${boundText(found)}${quantityText([estimate], unit, metric)}`;
  const interval = ci90 ? `90 %: ${reachText(ci90, unit, metric)}, ${blocks} blocks` : `no interval, ${blocks} blocks`;
  return `${nameOf(found)}: ${size} (${interval})${missing === null ? '' : `, since ${missing}`}.`;
}

/** What a reader must not take such a figure for. */
const scale = (found: LoadMetricFigure | undefined): string =>
  found?.metric.startsWith('frontier') === true && found.ci90 !== null && found.ci90[0] > 0 && found.ci90[1] !== null
    ? 'A frontier lies between two rates that were offered: its interval reaches from one that was carried to one that was too slow.'
    : '';
