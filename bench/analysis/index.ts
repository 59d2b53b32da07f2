/** Raw data of a campaign → `analysis.json`: read once, estimate, doubt, decide. */
import { type Analysis, analysisSchema } from '#contract/analysis.ts';
import type { Calibration } from '#contract/calibration.ts';
import { disturbed } from '#contract/calls.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { Security } from '#contract/security.ts';
import { openStore } from '../../collectors/traces/index.ts';
import { armTables } from './arms.ts';
import { calibrationOf, isCalibration } from './calibration.ts';
import { readManifest } from './campaign.ts';
import { carried, readCalibration, uncommitted } from './carried.ts';
import { keptBlocks } from './cells.ts';
import { type Comparisons, compareArms, pairsOf } from './comparisons.ts';
import { callsAtOnce, type Data, readData } from './data.ts';
import { explanationsOf } from './explanations.ts';
import { gatesOf } from './gates.ts';
import { loadFiguresOf } from './load.ts';
import { loadWarnings } from './loadWarnings.ts';
import type { ArmPair } from './metrics.ts';
import { aaOf, equalPair, interactionsOf } from './resolution.ts';
import { rounded } from './rounding.ts';
import { asRun, leftOutWarnings, readSecurity, sectionsOf } from './security.ts';
import { thresholdsOf, withThresholds } from './thresholds.ts';
import { timingsOf } from './timings.ts';
import { verdictsOf } from './verdicts.ts';
import { warningsOf } from './warnings.ts';
import { spanGapsOf, waterfallsOf } from './waterfalls.ts';

/**
 * Analyses a campaign's directory (manifest.json, the five Parquet files, and security.json where there is one). The same directory gives the same analysis to
 * the byte: whole numbers in the store, ordered queries, float arithmetic here alone, resampling seeded by the manifest.
 * @param raw_digest SHA-256 over the raw files' digests, for the record to cite
 * @param atOnce calls whose rows are held at once, unless a single block has more; the analysis does not hang on it
 * @throws WeighbridgeError CONFIG or STORE where the directory is not one
 */
export async function analyse(dir: string, raw_digest: string, atOnce = callsAtOnce): Promise<Analysis> {
  return (await analyseBlocks(dir, raw_digest, atOnce)).analysis;
}

/** An analysis with what stands behind it: what two campaigns are compared from. */
export interface BlockAnalysis {
  analysis: Analysis;
  manifest: Manifest;
  /** Per-block differences of each comparison of the analysis, in their order. */
  differences: number[][];
}

/** Like `analyse`, with the per-block differences that its comparisons were made from. */
export async function analyseBlocks(dir: string, raw_digest: string, atOnce = callsAtOnce): Promise<BlockAnalysis> {
  const planned = await readManifest(dir);
  const security = await readSecurity(dir, planned);
  const manifest = asRun(planned, security);
  const store = await openStore();
  try {
    const data = await readData(store, dir, manifest, atOnce);
    const main = compareArms(data, { pairs: pairsOf(manifest), blocksOf: keptBlocks, stream: 'main' });
    const analysis = analysisSchema.parse(
      rounded(
        analysisOf(data, main, {
          security,
          load: await loadFiguresOf(store, manifest),
          calibration: isCalibration(manifest) ? null : await readCalibration(dir),
          raw_digest,
        }),
      ),
    );
    return { analysis, manifest, differences: main.comparisons.map((c) => main.differences.get(c)!) };
  } finally {
    await store.close();
  }
}

interface Beside {
  security: Security | null;
  load: Analysis['load'];
  /** Of another campaign, where the directory holds one. */
  calibration: Calibration | null;
  raw_digest: string;
}

function analysisOf(data: Data, main: Comparisons, { security, load, calibration, raw_digest }: Beside): Analysis {
  const { manifest } = data;
  const pairs = pairsOf(manifest);
  const { arms, distributions } = armTables(data);
  const aa = aaOf(data, main);
  const required = withThresholds(manifest);
  const warnings = [
    ...warningsOf({ data: { ...data, manifest: required }, main, aa, arms }),
    ...loadWarnings({ manifest: required, load, equals: equalPair(data) }),
    ...leftOutWarnings(security, manifest),
  ];
  const explanations = explanationsOf(data, pairs);
  const findings = { data, ...main, arms, warnings, security, explanations, load };
  const verdicts = verdictsOf(findings);
  const campaign = campaignOf(data, raw_digest);
  return {
    version: 1,
    campaign,
    comparisons: main.comparisons,
    arms,
    waterfalls: waterfallsOf(data, pairs),
    timings: timingsOf(data),
    explanations,
    distributions,
    interactions: interactionsOf(data),
    aa,
    span_gap: spanGapsOf(data, pairs),
    all_blocks: overAllBlocks(data),
    verdicts,
    thresholds: thresholdsOf(findings, main),
    load,
    calibration:
      calibrationOf({ data, campaign, aa, verdicts, warnings }) ?? (calibration && carried(calibration, campaign)),
    gates: gatesOf(manifest, aa),
    security: sectionsOf(security, manifest, verdicts),
    ...(manifest.policy ? { policy: manifest.policy } : {}),
    warnings,
  };
}

/** The named comparisons once more over all blocks, voided ones included: what leaving them out has changed. */
function overAllBlocks(data: Data): Analysis['all_blocks'] {
  const named: ArmPair[] = data.manifest.comparisons.map(({ arm, baseline }) => ({ arm, baseline }));
  const only = ['felt_p50_shift', 'felt_p95_shift', 'cpu_per_call_shift'];
  return compareArms(data, { pairs: named, only, blocksOf: (cell) => cell.blocks, stream: 'all' }).comparisons;
}

function campaignOf(data: Data, raw_digest: string): Analysis['campaign'] {
  const { manifest } = data;
  const { id, question, profile, seed, status, started, plan, blocks, arms } = manifest;
  const voided = blocks.filter((b) => b.voided !== null).length;
  return {
    id,
    question,
    profile,
    seed,
    status,
    started,
    sittings: 1 + (manifest.resumed?.length ?? 0),
    blocks: { planned: plan.blocks, kept: blocks.length - voided, voided },
    waited: waitedOf(data),
    arms: arms.map(({ arm, controls, gateway, delay_ms, audit, telemetry, settings, without, subject, label }) => ({
      arm,
      controls,
      gateway,
      ...(delay_ms === undefined ? {} : { delay_ms }),
      ...(audit === undefined ? {} : { audit }),
      ...(telemetry === undefined ? {} : { telemetry }),
      ...(settings === undefined ? {} : { settings }),
      ...(without === undefined ? {} : { without }),
      subject,
      label,
    })),
    workloads: plan.workloads,
    conditions: plan.conditions,
    environment: {
      ...Object.fromEntries(Object.entries(manifest.environment).map(([key, value]) => [key, String(value)])),
      node: manifest.runtime.node,
      v8: manifest.runtime.v8,
      node_sha256: manifest.runtime.binary_sha256,
      weighbridge: manifest.weighbridge.version,
      commit: `${manifest.weighbridge.commit}${manifest.weighbridge.dirty ? uncommitted : ''}`,
      lockfile_sha256: manifest.weighbridge.lockfile_sha256,
    },
    raw_digest,
  };
}

function waitedOf({ manifest: { blocks }, cells, counts }: Data): Analysis['campaign']['waited'] {
  const total = <T>(rows: readonly T[], of: (row: T) => number): number => rows.reduce((n, row) => n + of(row), 0);
  const again = cells.flatMap((c) => (c.phase === disturbed ? c.blocks : []));
  return {
    before_blocks_ms: total(blocks, (b) => b.settled_ms),
    between_slices_ms: total(blocks, (b) => b.waited?.ms ?? 0),
    times_between_slices: total(blocks, (b) => b.waited?.times ?? 0),
    disturbed_calls: total(again, (b) => counts.get(b.cb)!.calls),
  };
}
