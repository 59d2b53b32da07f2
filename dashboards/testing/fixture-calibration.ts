/** Calibrations for the hand-made analysis: one's own, one that is carried, one that went wrong. Not measured. */
import { type Analysis, analysisSchema } from '#contract/analysis.ts';
import {
  errorLimits_us,
  type HeldCalibration,
  type Increment,
  increments,
  type KnownMargin,
  profileBlocks,
} from '#contract/calibration.ts';
import { fixture } from './fixture.ts';
import { hostileFixture, hostileName } from './variants.ts';

const place = { workload: 'tool-chain', condition: 'instant/c1/http' };
const quantileMetrics = ['felt_p50_shift', 'felt_p95_shift'] as const;
const nameOf = (ms: number): string => `placebo-${String(ms).replace('.', '-')}`;

/** Errors by increment, µs, at p50; at p95 they are twice as large. */
const errors_us = [3, 9, 33, -2, 640, 960];

function incrementFixture(at: number, metric: Increment['metric']): Increment {
  const { arm_ms, baseline_ms, beside } = increments[at]!;
  const factor = metric === 'felt_p95_shift' ? 2 : 1;
  const error_us = errors_us[at]! * factor;
  const true_us = (arm_ms - baseline_ms) * 1_000;
  const around = (centre: number, half: number): [number, number] => [centre - half * factor, centre + half * factor];
  const limit_us = beside ? null : errorLimits_us[metric];
  return {
    ...place,
    arm: arm_ms === baseline_ms ? `${nameOf(arm_ms)}b` : nameOf(arm_ms),
    baseline: nameOf(baseline_ms),
    arm_ms,
    baseline_ms,
    metric,
    true_us,
    reported_us: true_us + error_us,
    reported_ci95: around(true_us + error_us, 60),
    error_us,
    error_ci90: around(error_us, 45),
    error_ci95: around(error_us, 55),
    level90: 0.922,
    level95: 0.961,
    blocks: 8,
    limit_us,
    result: limit_us === null ? null : 'resolved',
    note: beside ? 'Not judged: beside the delay it holds the cold-tier penalty.' : 'Judged.',
  };
}

const margin = (delay_ms: number, verdict: KnownMargin['verdict'], expected: KnownMargin['expected']): KnownMargin => ({
  claim: `K${delay_ms}-p50`,
  arm: nameOf(delay_ms),
  baseline: nameOf(0),
  metric: 'felt_p50_shift',
  true_us: delay_ms * 1_000,
  margin: '5 ms to 15 ms',
  expected,
  verdict,
  result: verdict === expected ? 'right' : 'undecided',
  why: `${verdict}, since that is where its interval lies.`,
  doubts: verdict === 'inconclusive' ? ['lag-1 is 0.73, above 0.45.'] : [],
});

const calibration = (environment: Record<string, string>): HeldCalibration => ({
  version: 1,
  campaign: {
    id: '20260228T090000Z-ca11',
    profile: 'quick',
    seed: 'weighbridge',
    status: 'complete',
    started: '2026-02-28T09:00:00.000Z',
    blocks: { planned: 8, kept: 8, voided: 0 },
    rounds: 15,
    kept_calls: 20,
    raw_digest: 'c4'.repeat(32),
  },
  environment,
  aa: [{ ...place, metric: 'felt_p50_shift', estimate_us: 1, ci90: [-9, 11], h_us: 100, result: 'passes' }],
  increments: increments.flatMap((_, at) => quantileMetrics.map((metric) => incrementFixture(at, metric))),
  margins: [
    margin(1, 'refuted', 'refuted'),
    margin(8, 'confirmed', 'confirmed'),
    margin(26, 'inconclusive', 'refuted'),
  ],
  resolvable: quantileMetrics.map((metric) => ({
    ...place,
    arm: 'direct-b',
    baseline: 'direct',
    metric,
    sd_us: 22.4,
    observed_us: 19.8,
    blocks: 8,
    profiles: profileBlocks
      .filter((p) => p.rounds === 15)
      .flatMap(({ profile, blocks: sizes }) =>
        sizes.map((blocks) => ({ profile, blocks, half_width_us: 66.2 / Math.sqrt(blocks) })),
      ),
  })),
  observer: quantileMetrics.map((metric) => ({
    ...place,
    metric,
    arm: 'sdk',
    baseline: 'unwatched',
    arm_telemetry: 'full',
    baseline_telemetry: 'off',
    estimate_us: 118,
    ci95: [88, 149],
    ci90: [93, 144],
    blocks: 8,
  })),
  own: false,
  differs: [],
});

/** Carries a calibration that was found on this machine, by this code. */
export function calibratedFixture(): Analysis {
  const analysis = fixture();
  analysis.calibration = calibration(analysis.campaign.environment);
  return analysisSchema.parse(analysis);
}

/** Carries one that was found elsewhere. */
export function strangelyCalibratedFixture(): Analysis {
  const analysis = calibratedFixture();
  analysis.calibration!.differs = ['cores: 64 there, 2 here', 'commit: fedcba9876543210 there, 0123456789abcdef here'];
  return analysis;
}

/** Is one itself, and reports what is not true. */
export function miscalibratedFixture(): Analysis {
  const analysis = calibratedFixture();
  const held = analysis.calibration!;
  held.own = true;
  Object.assign(held.increments[4]!, {
    error_us: 240,
    error_ci90: [201, 280],
    error_ci95: [190, 291],
    result: 'wrong',
  });
  Object.assign(held.increments[6]!, {
    error_us: 90,
    error_ci90: [40, 140],
    error_ci95: [30, 150],
    result: 'not resolved',
  });
  return analysis;
}

/** Is one itself, whose only claims are on its placebos. */
export function placebosAloneFixture(): Analysis {
  const analysis = miscalibratedFixture();
  const [about] = analysis.verdicts;
  const { margins } = analysis.calibration!;
  analysis.verdicts = margins.map(({ claim, verdict, metric, margin }) => ({
    ...about!,
    claim,
    verdict,
    metric,
    margin,
  }));
  return analysis;
}

/** Every text of it is an attack on whoever shows it. */
export function hostileCalibratedFixture(): Analysis {
  const analysis = hostileFixture();
  const held = calibration({ [hostileName]: hostileName });
  held.campaign.id = hostileName;
  held.campaign.profile = hostileName;
  held.campaign.started = hostileName;
  held.differs = [hostileName];
  for (const i of held.increments) Object.assign(i, { workload: hostileName, arm: hostileName, note: hostileName });
  for (const m of held.margins) Object.assign(m, { claim: hostileName, margin: hostileName });
  for (const r of held.resolvable) r.profiles[0]!.profile = hostileName;
  for (const o of held.observer) o.arm_telemetry = hostileName;
  analysis.calibration = held;
  return analysisSchema.parse(analysis);
}
