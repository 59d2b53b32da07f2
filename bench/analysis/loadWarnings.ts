/**
 * Doubt about figures of load: is the resolution shown, do blocks resemble one another, are they skewed? Each caps the claims
 * and the thresholds that stand on the figure. The resolution is shown or not for ratios that nobody claims, too, since the
 * decision record quotes them.
 */
import type { Warning } from '#contract/analysis.ts';
import { type LoadFigures, type LoadMetricFigure, loadMetrics } from '#contract/loadFigures.ts';
import type { Manifest } from '#contract/manifest.ts';
import { type AaResult, aaResult } from '../stats/aaCheck.ts';
import { hodgesLehmann, mean } from '../stats/location.ts';
import { fewestBlocks, signedRankInterval } from '../stats/signedRank.ts';
import { type Check, serialWarning, skewWarning } from '../stats/warnings.ts';
import type { Claim } from './claims.ts';
import { percent } from './doubts.ts';
import { armsOfClaim, isLoad, nameOf } from './loadVerdict.ts';
import type { ArmPair } from './metrics.ts';

/** As far as the same arm weighed twice may differ in what is no frontier. */
const resolutionShare = 0.1;

interface Input {
  /** With the thresholds among its claims. */
  manifest: Manifest;
  load: LoadFigures | null;
  /** The pair of equal arms; null where the campaign has none. */
  equals: ArmPair | null;
}

export function loadWarnings(input: Input): Warning[] {
  const { manifest, load } = input;
  if (!load) return [];
  const claims = manifest.claims.filter(isLoad);
  return [
    ...resolutionWarnings({ ...input, load, claims }),
    ...load.metrics.flatMap((m, index) => {
      const caps = claims.filter((c) => standsOn(manifest, c, m)).map((c) => c.claim);
      return caps.length === 0 || m.ci95 === null ? [] : shapeWarnings(load, { m, index, caps });
    }),
  ];
}

function standsOn(manifest: Manifest, claim: Claim, { metric, arm, baseline }: LoadMetricFigure): boolean {
  if (claim.metric !== metric) return false;
  if (claim.compare === '') return baseline === null && isRequiredOf(manifest, claim, arm);
  const arms = armsOfClaim(manifest, claim);
  return arms !== null && arms.arm === arm && arms.baseline === baseline;
}

/** A threshold on an arm's figure names no comparison; one that names no arm stands on each. */
const isRequiredOf = ({ thresholds }: Manifest, { claim }: Claim, arm: string): boolean =>
  thresholds.some((t) => t.threshold === claim && (t.arm === null || t.arm === arm));

interface Pressed extends Input {
  load: LoadFigures;
  /** Those on load, thresholds among them. */
  claims: readonly Claim[];
}

/** One for each ratio that is told or claimed; one for all where no arm was pressed twice. */
function resolutionWarnings({ manifest, load, equals, claims }: Pressed): Warning[] {
  const about = loadMetrics.flatMap(({ name, about: of }) => {
    const caps = of === 'comparison' ? claims.filter((c) => c.metric === name).map((c) => c.claim) : [];
    const doubts = load.metrics.flatMap((m, i) =>
      m.metric === name && m.baseline !== null && m.ci95 !== null && !(equals && isOf(m, equals)) ? [pointerTo(i)] : [],
    );
    return caps.length + doubts.length === 0 ? [] : [{ metric: name, caps, doubts }];
  });
  if (about.length === 0) return [];
  const pressedTwice = equals && load.metrics.some((m) => isOf(m, equals));
  if (!pressedTwice)
    return [
      {
        code: 'load_no_aa',
        message: 'No pair of equal arms was pressed: what ratios under load this campaign can resolve is not shown.',
        mend: 'Add the arms direct and direct-b.',
        caps: about.flatMap(({ caps }) => caps),
        doubts: about.flatMap(({ doubts }) => doubts),
      },
    ];
  // Below six blocks nothing has an interval anyway, and says so itself.
  if (load.blocks < fewestBlocks) return [];
  return about.flatMap(({ metric, caps, doubts }) => {
    const result = equality(manifest, load, { metric, equals });
    if (result === 'passes') return [];
    const within = isFrontier(metric) ? 'one step of the rates' : percent(resolutionShare);
    return [
      {
        code: result === 'fails' ? 'load_aa_fails' : 'load_aa_not_shown',
        message: `${nameOf(equals)}, the same arm pressed twice: ${metric} is not shown to agree within ${within}.`,
        mend:
          result === 'fails'
            ? 'Look for what sets the two apart: the instrument is biased.'
            : 'Run on a quieter machine; more blocks of load than the profile has are not to be had.',
        caps,
        doubts,
      },
    ];
  });
}

const pointerTo = (index: number): string => `/load/metrics/${index}`;
const isOf = (m: LoadMetricFigure, { arm, baseline }: ArmPair): boolean => m.arm === arm && m.baseline === baseline;
const isFrontier = (metric: string): boolean => metric.startsWith('frontier');

/**
 * Do equal arms agree? Frontiers by steps: which of two neighbours is the last that was carried may hang on a few calls, and
 * how far apart two steps are says nothing of how alike the arms are.
 */
function equality(
  { plan }: Manifest,
  load: LoadFigures,
  { metric, equals }: { metric: string; equals: ArmPair },
): AaResult {
  const stepOf = (carried: number): number => plan.load!.rates_per_s.filter((rate) => rate <= carried).length;
  const [values, h] = isFrontier(metric)
    ? [carriedPairs(load, metric, equals).map(([of, against]) => stepOf(of) - stepOf(against)), 1]
    : [logsOf(load, metric, equals), Math.log(1 + resolutionShare)];
  return aaResult({ ci90: signedRankInterval(values, 0.9), h });
}

/** What either arm of a ratio carried in each block, in the order of the blocks. */
function carriedPairs(load: LoadFigures, ratio: string, { arm, baseline }: ArmPair): [arm: number, baseline: number][] {
  const metric = ratio.replace(/_ratio$/, '');
  const blocksOf = (name: string) => load.metrics.find((m) => m.metric === metric && m.arm === name)?.by_block ?? [];
  const against = new Map(blocksOf(baseline).map((b) => [b.block, b.least]));
  return blocksOf(arm).flatMap(({ block, least }) => {
    const other = against.get(block);
    return other === undefined ? [] : [[least, other]];
  });
}

const logsOf = (load: LoadFigures, ratio: string, pair: ArmPair): number[] =>
  carriedPairs(load, ratio, pair).map(([of, against]) => (of === against ? 0 : Math.log(of / against)));

/** Serial correlation and skew of the blocks behind one figure; of a ratio by what was carried, on logs, as its estimate is. */
function shapeWarnings(
  load: LoadFigures,
  { m, index, caps }: { m: LoadMetricFigure; index: number; caps: string[] },
): Warning[] {
  const { metric, arm, baseline, ci95 } = m;
  const series = baseline === null ? m.by_block.map((b) => b.least) : logsOf(load, metric, { arm, baseline });
  // Where an arm carried nothing in some block, there is none that could be computed.
  if (!series.every(Number.isFinite)) return [];
  const doubts = [pointerTo(index)];
  const warnings: Warning[] = [];
  const serial = serialWarning(series);
  if (serial.fired)
    warnings.push({
      code: 'load_serial',
      message: `${metric} of ${nameOf(m)}: lag-1 correlation of its blocks is ${serial.value.toFixed(2)}, above ${serial.limit.toFixed(2)}.`,
      mend: 'Neighbouring blocks resemble one another: run on a machine whose load does not drift.',
      caps,
      doubts,
    });
  const skew = baseline === null ? null : skewOf(series, ci95!);
  if (skew?.fired)
    warnings.push({
      code: 'load_skew',
      message: `${metric} of ${nameOf(m)}: mean and Hodges–Lehmann of its blocks’ logs lie ${skew.value.toFixed(3)} apart, more than half a half-width (${skew.limit.toFixed(3)}).`,
      mend: 'Look for the blocks that stand out.',
      caps,
      doubts,
    });
  return warnings;
}

/** An interval that is open at either end is as wide as may be. */
const skewOf = (logs: readonly number[], [lo, hi]: LoadMetricFigure['ci95'] & {}): Check =>
  skewWarning({ mean: mean(logs), hl: hodgesLehmann(logs), halfWidth: (Math.log(hi ?? Infinity) - Math.log(lo)) / 2 });
