/**
 * Doubt about figures of load: is the resolution shown, and do blocks resemble one another? Each caps the claims and the
 * thresholds that stand on the figure.
 */
import type { Warning } from '#contract/analysis.ts';
import { type LoadFigures, type LoadMetricFigure, loadMetricNamed } from '#contract/loadFigures.ts';
import type { Manifest } from '#contract/manifest.ts';
import { aaResult } from '../stats/aaCheck.ts';
import { signedRankInterval } from '../stats/signedRank.ts';
import { serialWarning } from '../stats/warnings.ts';
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
  const ratios = [...Map.groupBy(claims.filter(isRatio), (c) => c.metric)];
  return [
    ...ratios.flatMap(([metric, of]) => resolutionWarning(input, metric, of) ?? []),
    ...load.metrics.flatMap(
      (m) =>
        serialWarningOf(
          m,
          claims.filter((c) => standsOn(manifest, c, m)),
        ) ?? [],
    ),
  ];
}

const isRatio = ({ metric }: Claim): boolean => loadMetricNamed(metric)?.about === 'comparison';

function standsOn(manifest: Manifest, claim: Claim, { metric, arm, baseline }: LoadMetricFigure): boolean {
  if (claim.metric !== metric) return false;
  if (claim.compare === '') return baseline === null && isRequiredOf(manifest, claim, arm);
  const arms = armsOfClaim(manifest, claim);
  return arms !== null && arms.arm === arm && arms.baseline === baseline;
}

/** A threshold on an arm's figure names no comparison; one that names no arm stands on each. */
const isRequiredOf = ({ thresholds }: Manifest, { claim }: Claim, arm: string): boolean =>
  thresholds.some((t) => t.threshold === claim && (t.arm === null || t.arm === arm));

function resolutionWarning(
  { manifest, load, equals }: Input,
  metric: string,
  claims: readonly Claim[],
): Warning | null {
  const caps = claims.map((c) => c.claim);
  const found = equals && load!.metrics.find((m) => m.metric === metric && isOf(m, equals));
  if (!equals || !found)
    return {
      code: 'load_no_aa',
      message: `No pair of equal arms was pressed: what this campaign can resolve in ${metric} is not shown.`,
      mend: 'Add the arms direct and direct-b.',
      caps,
    };
  const isFrontier = metric.startsWith('frontier');
  const h = isFrontier ? Math.log(greatestStep(manifest)) : Math.log(1 + resolutionShare);
  const result = aaResult({ ci90: signedRankInterval(logsOf(load!, metric, equals), 0.9), h });
  // Below six blocks nothing has an interval anyway, and says so itself.
  if (result === 'passes' || found.blocks < 6) return null;
  return {
    code: result === 'fails' ? 'load_aa_fails' : 'load_aa_not_shown',
    message: `${nameOf(found)}, the same arm pressed twice: ${metric} is not shown to agree within ${isFrontier ? 'one step of the rates' : percent(resolutionShare)}.`,
    mend:
      result === 'fails'
        ? 'Look for what sets the two apart: the instrument is biased.'
        : 'Run on a quieter machine; more blocks of load than the profile has are not to be had.',
    caps,
  };
}

const isOf = (m: LoadMetricFigure, { arm, baseline }: ArmPair): boolean => m.arm === arm && m.baseline === baseline;

/** The greatest factor between neighbouring rates. */
function greatestStep({ plan }: Manifest): number {
  const rates = plan.load!.rates_per_s;
  return Math.max(...rates.slice(1).map((rate, i) => rate / rates[i]!));
}

/** By what was carried in each block: two equal arms that were too slow at no step, or at every one, got equally far. */
function logsOf(load: LoadFigures, ratio: string, { arm, baseline }: ArmPair): number[] {
  const metric = ratio.replace(/_ratio$/, '');
  const blocksOf = (name: string) => load.metrics.find((m) => m.metric === metric && m.arm === name)?.by_block ?? [];
  const against = new Map(blocksOf(baseline).map((b) => [b.block, b.least]));
  return blocksOf(arm).flatMap(({ block, least }) => {
    const other = against.get(block);
    if (other === undefined) return [];
    return [least === other ? 0 : Math.log(least / other)];
  });
}

function serialWarningOf(m: LoadMetricFigure, claims: readonly Claim[]): Warning | null {
  if (claims.length === 0 || m.ci95 === null) return null;
  const series = m.by_block.map((b) => (m.baseline === null ? b.least : Math.log(b.least)));
  // Where an arm carried nothing in some block, there is none that could be computed.
  if (!series.every(Number.isFinite)) return null;
  const check = serialWarning(series);
  if (!check.fired) return null;
  return {
    code: 'load_serial',
    message: `${m.metric} of ${nameOf(m)}: lag-1 correlation of its blocks is ${check.value.toFixed(2)}, above ${check.limit.toFixed(2)}.`,
    mend: 'Neighbouring blocks resemble one another: run on a machine whose load does not drift.',
    caps: claims.map((c) => c.claim),
  };
}
