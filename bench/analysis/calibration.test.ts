import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { calibrationSchema, type Increment } from '#contract/calibration.ts';
import type { Manifest } from '#contract/manifest.ts';
import { carried } from './carried.ts';
import { analyse } from './index.ts';
import type { SyntheticArm } from './synthetic.ts';
import { arms, campaigns, claims, digest, latency, near } from './testing.ts';

const { campaign } = campaigns();

const placebo = (arm: string, delay_us: number, more: Partial<SyntheticArm> = {}): SyntheticArm => ({
  arm,
  controls: 'off',
  gateway: 'passthrough',
  delay_us,
  ...more,
});
const direct: SyntheticArm[] = arms.filter((a) => a.arm === 'direct' || a.arm === 'direct-b');
const placebos: SyntheticArm[] = [
  placebo('placebo-0', 0),
  placebo('placebo-0b', 0),
  placebo('placebo-0-25', 250),
  placebo('placebo-1', 1_000),
  placebo('placebo-7', 7_000),
  placebo('placebo-8', 8_000),
  placebo('placebo-25', 25_000),
  placebo('placebo-26', 26_000),
];

const known = [1, 8, 26].flatMap((ms) =>
  (['p50', 'p95'] as const).map((q) => ({
    claim: { name: `K${ms}-${q}`, metric: `felt_${q}_shift` },
    pair: { name: `known-${ms}`, arm: `placebo-${ms}`, baseline: 'placebo-0' },
  })),
);
const knownClaims: Manifest['claims'] = known.map(({ claim, pair }) => ({
  claim: claim.name,
  statement: `What ${claim.name} says.`,
  compare: pair.name,
  metric: claim.metric,
  region: [5_000, 15_000],
  unit: 'us',
  margin: '5 ms to 15 ms',
}));
const comparisons = [...new Map(known.map(({ pair }) => [pair.name, pair])).values()];

const options = {
  arms: [...direct, ...placebos],
  sessions: [{ ...latency, rounds: 15 }],
  blocks: 8,
  noise_us: 40,
  block_sd_us: 10,
  claims: knownClaims,
  comparisons,
};

/** Two increments are enough for what is not about all of them, and six blocks for an interval. */
const few = {
  ...options,
  blocks: 6,
  arms: options.arms.filter((a) => !/-(0-25|1|25|26)$/.test(a.arm)),
};
const whole = once(() => campaign(options));
const small = once(() => campaign(few));

/** Made for the first test that asks. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function increment(analysis: Analysis, arm: string, baseline: string, metric = 'felt_p50_shift'): Increment {
  const found = analysis.calibration?.increments.find(
    (i) => i.arm === arm && i.baseline === baseline && i.metric === metric,
  );
  assert.ok(found, `${arm} − ${baseline}`);
  return found;
}

describe('a calibration', () => {
  it('finds increments that are reported right, and judges those between equal tiers alone', async () => {
    const { analysis } = await whole();
    const judged = [
      ['placebo-0b', 'placebo-0', 0],
      ['placebo-0-25', 'placebo-0', 250],
      ['placebo-8', 'placebo-7', 1_000],
      ['placebo-26', 'placebo-25', 1_000],
    ] as const;
    for (const metric of ['felt_p50_shift', 'felt_p95_shift']) {
      for (const [arm, baseline, true_us] of judged) {
        const found = increment(analysis, arm, baseline, metric);
        near(found.true_us, true_us, 1);
        near(found.error_us, 0, 30);
        near(found.error_us, found.reported_us! - found.true_us!, 20);
        assert.equal(found.result, 'resolved', `${arm} at ${metric}`);
        assert.equal(found.limit_us, metric === 'felt_p50_shift' ? 100 : 250);
        assert.ok(found.error_ci90![0] >= found.error_ci95![0] && found.error_ci90![1] <= found.error_ci95![1]);
        assert.ok(found.level90! >= 0.9 && found.level95! >= 0.95);
        assert.equal(found.blocks, 8);
      }
      for (const [arm, true_us] of [
        ['placebo-7', 7_000],
        ['placebo-25', 25_000],
      ] as const) {
        const beside = increment(analysis, arm, 'placebo-0', metric);
        near(beside.true_us, true_us, 1);
        assert.equal(beside.result, null);
        assert.equal(beside.limit_us, null);
        assert.match(beside.note, /cold-tier penalty/);
      }
    }
    assert.equal(analysis.calibration!.increments.length, 12);
    assert.equal(analysis.calibration!.own, true);
  });

  it('takes for true what the injector measured, and not what it was asked for', async () => {
    const off = few.arms.map((a) => (a.arm === 'placebo-8' ? { ...a, delay_us: 8_600, asked_us: 8_000 } : a));
    const { analysis } = await campaign({ ...few, arms: off });
    const found = increment(analysis, 'placebo-8', 'placebo-7');
    near(found.true_us, 1_600, 1);
    near(found.reported_us, 1_600, 30);
    assert.equal(found.result, 'resolved');
  });

  it('calls an instrument wrong that reports 180 µs too much, at p50 and not at p95, where the limit is wider', async () => {
    const biased = few.arms.map((a) => (a.arm === 'placebo-8' ? { ...a, gateway_us: 80 + 180 } : a));
    const { analysis } = await campaign({ ...few, arms: biased });
    const p50 = increment(analysis, 'placebo-8', 'placebo-7');
    near(p50.error_us, 180, 25);
    assert.equal(p50.result, 'wrong');
    assert.equal(increment(analysis, 'placebo-8', 'placebo-7', 'felt_p95_shift').result, 'resolved');
    assert.equal(increment(analysis, 'placebo-0b', 'placebo-0').result, 'resolved', 'the other is right');
  });

  it('calls nothing resolved that blocks do not show', async () => {
    const { analysis: short } = await campaign({ ...few, blocks: 2 });
    assert.ok(short.calibration!.margins.every((one) => one.result === 'undecided'));
    assert.ok(
      short.calibration!.increments.every((i) => i.result === null || /^Not resolved: few blocks\.$/.test(i.note)),
    );
    const found = increment(short, 'placebo-8', 'placebo-7');
    assert.deepEqual([found.error_ci90, found.error_ci95, found.result], [null, null, 'not resolved']);
    near(found.error_us, 0, 60);
    const { analysis: noisy } = await campaign({ ...few, block_sd_us: 400, seed: 'noise' });
    assert.equal(increment(noisy, 'placebo-8', 'placebo-7').result, 'not resolved');
  });

  it('judges no increment from blocks that are all void, however right or wrong they look', async () => {
    const biased = few.arms.map((a) => (a.arm === 'placebo-8' ? { ...a, gateway_us: 80 + 180 } : a));
    const { analysis } = await campaign({ ...few, arms: biased, voided: [0, 1, 2, 3, 4, 5] });
    const judged = analysis.calibration!.increments.filter((i) => i.limit_us !== null);
    assert.ok(judged.length > 0 && judged.every((i) => i.error_ci90 !== null));
    assert.deepEqual(new Set(judged.map((i) => i.result)), new Set(['not resolved']));
    assert.deepEqual(new Set(judged.map((i) => i.note)), new Set(['Not resolved: every block void.']));
    assert.deepEqual(analysis.calibration!.campaign.blocks, { planned: 6, kept: 0, voided: 6 });
  });

  it('says that the truth is missing where spans are, and estimates no error', async () => {
    const { analysis } = await campaign({
      ...few,
      lost_span: "tier = 'gateway' AND kind = 'Server' AND arm = 'placebo-8' AND position % 10 = 7",
    });
    const found = increment(analysis, 'placebo-8', 'placebo-7');
    assert.deepEqual([found.true_us, found.error_us, found.result], [null, null, 'not resolved']);
    assert.match(found.note, /not stored/);
    assert.deepEqual(
      analysis.calibration!.margins.map((m) => [m.claim, m.true_us, m.expected, m.verdict, m.result]),
      ['K8-p50', 'K8-p95'].map((claim) => [claim, null, null, 'confirmed', 'truth unknown']),
    );
    assert.equal(increment(analysis, 'placebo-0b', 'placebo-0').result, 'resolved');
  });

  it('puts known margins through the verdicts of claims: 1, 8 and 26 ms against 5 to 15', async () => {
    const { analysis } = await whole();
    assert.deepEqual(
      analysis.calibration!.margins.map((m) => [m.claim, m.expected, m.verdict, m.result]),
      [
        ['K1-p50', 'refuted', 'refuted', 'right'],
        ['K1-p95', 'refuted', 'refuted', 'right'],
        ['K8-p50', 'confirmed', 'confirmed', 'right'],
        ['K8-p95', 'confirmed', 'confirmed', 'right'],
        ['K26-p50', 'refuted', 'refuted', 'right'],
        ['K26-p95', 'refuted', 'refuted', 'right'],
      ],
    );
    for (const m of analysis.calibration!.margins) {
      assert.equal(m.verdict, analysis.verdicts.find((v) => v.claim === m.claim)?.verdict);
      near(m.true_us, Number(m.arm.slice('placebo-'.length)) * 1_000, 2);
    }
    const fast = few.arms.map((a) => (a.arm === 'placebo-8' ? { ...a, wire_us: -6_000 } : a));
    const { analysis: mistaken } = await campaign({ ...few, arms: fast });
    const m = mistaken.calibration!.margins.find(({ claim }) => claim === 'K8-p50')!;
    assert.deepEqual([m.expected, m.verdict, m.result], ['confirmed', 'refuted', 'wrong']);
  });

  it('extrapolates from how far blocks of equal arms lie apart to profiles whose blocks are as long', async () => {
    const { analysis } = await whole();
    const { resolvable } = analysis.calibration!;
    assert.deepEqual(
      resolvable.map((r) => [r.arm, r.baseline, r.metric]),
      [
        ['direct-b', 'direct', 'felt_p50_shift'],
        ['direct-b', 'direct', 'felt_p95_shift'],
        ['placebo-0b', 'placebo-0', 'felt_p50_shift'],
        ['placebo-0b', 'placebo-0', 'felt_p95_shift'],
      ],
    );
    const [r] = resolvable;
    // What a block adds differs by 10 µs in each of two arms: 14 µs between them, known from eight.
    near(r!.sd_us, 14, 9);
    assert.deepEqual(
      r!.profiles.map((p) => [p.profile, p.blocks]),
      [['quick', 8]],
    );
    // t(0.975, 7) = 2.3646, and 1.25 for the ranks.
    for (const p of r!.profiles) near(p.half_width_us, (2.3646 * 1.25 * r!.sd_us) / Math.sqrt(p.blocks), 0.01);
    assert.ok(r!.observed_us! > 0 && r!.observed_us! < 3 * r!.profiles[0]!.half_width_us);
  });

  for (const [shape, profiles] of [
    [{ rounds: 30 }, ['standard 20', 'standard 60', 'rigorous 40', 'rigorous 120']],
    [{ rounds: 15, slice_calls: 15 }, []],
    [{ rounds: 2 }, []],
  ] as const) {
    it(`extrapolates from blocks of ${JSON.stringify(shape)} to ${profiles.join(', ') || 'no profile'}`, async () => {
      const { analysis } = await campaign({ ...few, blocks: 2, sessions: [{ ...latency, ...shape }] });
      const [r] = analysis.calibration!.resolvable;
      assert.deepEqual(
        r!.profiles.map((p) => `${p.profile} ${p.blocks}`),
        profiles,
      );
    });
  }

  it('holds arms that are watched otherwise against those that are not, and takes none of them for a placebo', async () => {
    const watched = [
      ...few.arms,
      placebo('unwatched', 0, { telemetry: 'off', gateway_us: 60 }),
      placebo('sdk', 0, { telemetry: 'full', gateway_us: 240 }),
      placebo('durable', 0, { telemetry: 'full', gateway: 'gateway', audit: 'group_commit' }),
      placebo('buffered', 0, { telemetry: 'off', gateway: 'gateway', audit: 'buffered' }),
    ];
    const { analysis } = await campaign({
      ...few,
      arms: watched,
      comparisons: [
        ...comparisons,
        { name: 'watching_placebo-0', arm: 'placebo-0', baseline: 'unwatched' },
        { name: 'watching_sdk', arm: 'sdk', baseline: 'unwatched' },
        // In these lies more than what watching costs.
        { name: 'slower', arm: 'placebo-8', baseline: 'unwatched' },
        { name: 'durable', arm: 'durable', baseline: 'buffered' },
      ],
    });
    const { observer } = analysis.calibration!;
    const p50 = observer.filter((o) => o.metric === 'felt_p50_shift');
    assert.deepEqual(
      p50.map((o) => [o.arm, o.arm_telemetry, o.baseline_telemetry]),
      [
        ['placebo-0', 'light', 'off'],
        ['sdk', 'full', 'off'],
      ],
    );
    near(p50[0]!.estimate_us, 20, 15);
    near(p50[1]!.estimate_us, 180, 15);
    assert.ok(p50[1]!.ci95![0] > p50[0]!.estimate_us);
    assert.equal(observer.length, 4);
    assert.deepEqual(
      analysis.campaign.arms.flatMap((a) => (a.delay_ms === undefined ? [] : [[a.arm, a.delay_ms]])).slice(0, 3),
      [
        ['placebo-0', 0],
        ['placebo-0b', 0],
        ['placebo-7', 7],
      ],
    );
    assert.equal(increment(analysis, 'placebo-0b', 'placebo-0').result, 'resolved');
  });

  it('is none where no judged increment has both placebos', async () => {
    const { analysis } = await campaign({ blocks: 1, arms: [...direct, placebo('placebo', 7_000)] });
    assert.equal(analysis.calibration, null);
  });
});

describe('a calibration that a campaign carries', () => {
  const carry = async (change: (found: ReturnType<typeof calibrationSchema.parse>) => void) => {
    const { analysis: source } = await small();
    const { dir } = await campaign({ blocks: 1, sessions: [{ ...latency, rounds: 2 }], claims });
    const found = calibrationSchema.parse(source.calibration);
    change(found);
    await writeFile(join(dir, 'calibration.json'), JSON.stringify(found));
    return { found, carried: (await analyse(dir, digest)).calibration! };
  };

  it('stands in the analysis as it was found, with nothing to say where machine and code are the same', async () => {
    const { found, carried } = await carry(() => undefined);
    assert.deepEqual(carried, { ...found, own: false, differs: [] });
  });

  it('says where it was found on another machine or by other code; a little less memory is the same machine', async () => {
    const { carried } = await carry(({ environment }) => {
      environment.cpu = 'another';
      environment.commit = 'a'.repeat(40);
      environment.memory_mib = '4100';
      delete environment.governor;
    });
    assert.deepEqual(carried.differs, [
      'cpu: another there, synthetic here',
      `commit: ${'a'.repeat(40)} there, ${'0'.repeat(40)} here`,
      'governor: unknown there, none here',
    ]);
    const { carried: larger } = await carry(({ environment }) => {
      environment.memory_mib = '8192';
    });
    assert.deepEqual(larger.differs, ['memory mib: 8192 there, 4096 here']);
  });

  it('calls the code another one where changes were uncommitted on either side, and the same commit on both, too', async () => {
    const { analysis } = await small();
    const found = calibrationSchema.parse(analysis.calibration);
    const [clean, dirty] = ['abc', 'abc (with uncommitted changes)'];
    const between = (there: string, here: string) =>
      carried({ ...found, environment: { commit: there } }, { ...analysis.campaign, environment: { commit: here } })
        .differs;
    assert.deepEqual(between(clean, clean), []);
    for (const [there, here] of [
      [dirty, dirty],
      [clean, dirty],
      [dirty, clean],
    ] as const)
      assert.deepEqual(between(there, here), [`commit: ${there} there, ${here} here, which cannot be compared`]);
  });

  it('is refused where it is none', async () => {
    const { dir } = await campaign({ blocks: 1, sessions: [{ ...latency, rounds: 2 }] });
    await writeFile(join(dir, 'calibration.json'), '{"version": 2}');
    await assert.rejects(analyse(dir, digest), { code: 'CONFIG', message: /not of this version/ });
  });

  it('does not stand in a calibration’s own place', async () => {
    const { dir } = await small();
    await writeFile(join(dir, 'calibration.json'), 'anything');
    assert.equal((await analyse(dir, digest)).calibration!.own, true);
    assert.equal(await readFile(join(dir, 'calibration.json'), 'utf8'), 'anything');
  });
});
