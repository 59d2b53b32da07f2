import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Analysis, ArmFigures, Comparison } from '#contract/analysis.ts';
import type { Manifest } from '#contract/manifest.ts';
import { analyse } from './index.ts';
import { type SyntheticArm, type SyntheticOptions, writeSynthetic } from './synthetic.ts';

const arms: SyntheticArm[] = [
  { arm: 'direct', controls: 'off', gateway: 'none' },
  { arm: 'direct-b', controls: 'off', gateway: 'none' },
  { arm: 'native', controls: 'on', gateway: 'none', agent_us: 70, check_us: 25 },
  { arm: 'passthrough', controls: 'off', gateway: 'passthrough' },
  { arm: 'gateway', controls: 'off', gateway: 'gateway', gateway_us: 200, cold_us: 160 },
  { arm: 'layered', controls: 'on', gateway: 'gateway', gateway_us: 200, agent_us: 70, check_us: 25 },
];

const latency: SyntheticOptions['sessions'][number] = {
  phase: 'latency',
  workload: 'tool-chain',
  condition: 'instant/c1/http',
  rounds: 15,
};
const lifecycle: SyntheticOptions['sessions'][number] = {
  phase: 'lifecycle',
  workload: 'fan-out',
  condition: 'instant/c4/http',
  rounds: 10,
  slice_calls: 20,
  concurrency: 4,
};
const correlation: SyntheticOptions['sessions'][number] = {
  phase: 'correlation',
  workload: 'tool-chain',
  condition: 'realistic/c4/http',
  rounds: 1,
  slice_calls: 50,
  simultaneous: true,
  gap_us: 1000,
  service_us: 3000,
};

const claims: Manifest['claims'] = [
  ['C1a', 'added', 'felt_p50_shift', [5_000, 15_000], 'us'],
  ['C1b', 'decision', 'felt_p95_shift', [100, 400], 'us'],
  ['C3', 'fix', 'retry401_shift', [null, -0.001], 'ratio'],
  ['C6', 'decision', 'error_rate_shift', [-0.01, 0.01], 'ratio'],
  ['C8', 'every arm', 'correlation_share', [0.99, null], 'ratio'],
  ['C9', 'decision', 'cpu_per_call_shift', [1, null], 'us'],
].map(([claim, compare, metric, region, unit]) => ({
  claim,
  statement: `What ${claim} says.`,
  compare,
  metric,
  region,
  unit,
  margin: String(region),
})) as Manifest['claims'];

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'weighbridge test '));
});
after(() => rm(root, { recursive: true, force: true }));

let campaigns = 0;
async function campaign(
  options: Partial<SyntheticOptions>,
): Promise<{ dir: string; analysis: Analysis; manifest: Manifest }> {
  const dir = join(root, `campaign ${campaigns++}`);
  const manifest = await writeSynthetic({ dir, seed: 'truth', blocks: 6, arms, sessions: [latency], ...options });
  return { dir, manifest, analysis: await analyse(dir) };
}

function shift(analysis: Analysis, metric: string, arm: string, baseline: string): Comparison {
  const found = analysis.comparisons.find((c) => c.metric === metric && c.arm === arm && c.baseline === baseline);
  assert.ok(found, `${metric} of ${arm} − ${baseline}`);
  return found;
}

function figures(analysis: Analysis, arm: string, phase = 'latency'): ArmFigures {
  const found = analysis.arms.find((a) => a.arm === arm && a.phase === phase);
  assert.ok(found, `${arm} in ${phase}`);
  return found;
}

const near = (actual: number | null, expected: number, by: number): void =>
  assert.ok(actual !== null && Math.abs(actual - expected) <= by, `${actual} is not within ${by} of ${expected}`);
const verdict = (analysis: Analysis, claim: string) => analysis.verdicts.find((v) => v.claim === claim)!;
const codes = (analysis: Analysis): string[] => analysis.warnings.map((w) => w.code);

/** The tool's time is shared by the arms, so without noise every call differs by exactly what its arm adds (and a lag of up to 5 µs). */
describe('differences that are known', () => {
  let analysis: Analysis;
  before(async () => {
    ({ analysis } = await campaign({ claims }));
  });

  it('come out of felt times', () => {
    for (const metric of ['felt_p50_shift', 'felt_p95_shift', 'felt_mean_shift']) {
      near(shift(analysis, metric, 'gateway', 'direct').estimate, 290, 2);
      near(shift(analysis, metric, 'native', 'direct').estimate, 60, 2);
      near(shift(analysis, metric, 'gateway', 'native').estimate, 230, 2);
      near(shift(analysis, metric, 'gateway', 'passthrough').estimate, 120, 2);
      near(shift(analysis, metric, 'direct-b', 'direct').estimate, 0, 2);
    }
    const added = shift(analysis, 'felt_p50_shift', 'gateway', 'direct');
    assert.equal(added.blocks, 6);
    assert.equal(added.n, 6 * 300 * 2);
    assert.equal(added.level, 0.96875);
    assert.equal(added.method, 'signed_rank');
    const p50 = figures(analysis, 'direct').p50_us!;
    near(added.ratio, (p50 + 290) / p50, 0.02);
    assert.ok(added.ci95![0] <= added.estimate && added.estimate <= added.ci95![1]);
  });

  it('come out of spans, token checks at the tool taken out', () => {
    for (const metric of ['hop_p50_shift', 'hop_p95_shift', 'hop_mean_shift']) {
      near(shift(analysis, metric, 'gateway', 'direct').estimate, 290, 0.01);
      near(shift(analysis, metric, 'native', 'direct').estimate, 0, 0.01);
    }
    near(figures(analysis, 'gateway').hop.p50_us, 390, 0.01);
    near(figures(analysis, 'gateway').hop.gateway_self_p95_us, 200, 0.01);
    assert.equal(figures(analysis, 'direct').hop.gateway_self_p95_us, null);
  });

  it('come out of lead-in calls apart', () => {
    near(shift(analysis, 'cold_p50_shift', 'gateway', 'direct').estimate, 390, 4);
    const { cold, calls } = figures(analysis, 'gateway');
    assert.equal(cold.calls, 6 * 15 * 5);
    assert.equal(calls, 6 * 300);
    near(cold.p50_us! - figures(analysis, 'gateway').p50_us!, 160, 10);
  });

  it('come out of CPU time', () => {
    assert.equal(shift(analysis, 'cpu_per_call_shift', 'gateway', 'native').estimate, 100);
    assert.deepEqual(figures(analysis, 'gateway').cpu_us_per_call, [
      { tier: 'weighbridge-agent', us: 200, run_queue_us: 5 },
      { tier: 'weighbridge-gateway', us: 100, run_queue_us: 5 },
      { tier: 'weighbridge-tools', us: 100, run_queue_us: 5 },
    ]);
    near(figures(analysis, 'gateway').peak_rss_mib[0]!.mib, 100_000_000 / 1_048_576 + 5, 0.001);
  });

  it('are split into parts that add up', () => {
    const waterfall = analysis.waterfalls.find((w) => w.arm === 'gateway' && w.baseline === 'native')!;
    const differences = Object.fromEntries(waterfall.parts.map((p) => [p.part, p.difference_us]));
    near(differences.agent!, -50, 1);
    near(differences['gateway self']!, 200, 0.01);
    near(differences['wire gateway to tool']!, 90, 0.01);
    near(differences['wire to the gateway or tool']!, 0, 0.01);
    near(differences['token check at the tool']!, -10, 0.01);
    near(differences.tool!, 0, 0.01);
    assert.equal(waterfall.residual_us, 0);
    near(
      waterfall.parts.reduce((sum, p) => sum + p.difference_us, 0),
      waterfall.difference_us,
      0.01,
    );
    near(waterfall.difference_us, shift(analysis, 'felt_mean_shift', 'gateway', 'native').estimate, 0.001);
    const gap = analysis.span_gap.find((g) => g.arm === 'native' && g.baseline === 'direct')!;
    near(gap.gap_us, 60, 1);
  });

  it('leave no interaction, and pass as equal where they are', () => {
    near(analysis.interactions[0]!.estimate_us, 0, 3);
    assert.deepEqual(
      analysis.aa.map((a) => [a.metric, a.h_us, a.result]),
      [
        ['felt_p50_shift', 100, 'passes'],
        ['felt_p95_shift', 100, 'passes'],
      ],
    );
  });

  it('decide claims', () => {
    assert.equal(verdict(analysis, 'C1a').verdict, 'refuted');
    assert.match(verdict(analysis, 'C1a').scope!, /loopback, no TLS.*at least 4\.7\d\d ms more/);
    assert.equal(verdict(analysis, 'C1b').verdict, 'confirmed');
    assert.equal(verdict(analysis, 'C9').verdict, 'confirmed');
    const [evidence] = verdict(analysis, 'C1b').evidence;
    const cited = analysis.comparisons[Number(evidence!.pointer.split('/')[2])]!;
    assert.equal(cited.metric, 'felt_p95_shift');
    assert.equal(cited.estimate, evidence!.estimate);
    assert.equal(verdict(analysis, 'C1b').subject.system, 'weighbridge-gateway@0.1.0');
  });

  it('decide none where nothing was measured', () => {
    for (const claim of ['C3', 'C8']) assert.equal(verdict(analysis, claim).verdict, 'inconclusive', claim);
    assert.deepEqual(verdict(analysis, 'C8').evidence[0], {
      label: 'not estimated',
      pointer: '/campaign/blocks',
      estimate: null,
      ci: null,
      unit: 'blocks',
      n: 6,
    });
  });

  it('describe the arms', () => {
    const direct = figures(analysis, 'direct');
    assert.ok(direct.p50_ci![0] <= direct.p50_us! && direct.p50_us! <= direct.p50_ci![1]);
    const curve = analysis.distributions.find((d) => d.arm === 'direct')!.points;
    assert.equal(curve.find((q) => q.p === 0.5)!.us, direct.p50_us);
    assert.ok(curve.every((q, i) => i === 0 || q.us >= curve[i - 1]!.us));
    assert.equal(
      analysis.comparisons.some((c) => c.metric === 'felt_p99_shift'),
      false,
      '300 calls are too few for a p99',
    );
    assert.ok(direct.p99_us !== null);
    assert.ok(codes(analysis).includes('few_calls'));
  });
});

describe('an analysis', () => {
  it('is the same to the byte again, and after the rows have changed places', async () => {
    const { dir, analysis } = await campaign({
      blocks: 6,
      sessions: [{ ...latency, rounds: 15 }, lifecycle, correlation],
      claims,
      noise_us: 40,
      block_sd_us: 20,
    });
    const text = JSON.stringify(analysis);
    assert.equal(JSON.stringify(await analyse(dir)), text);

    const shuffled = join(root, 'shuffled');
    await mkdir(shuffled);
    for (const name of ['manifest.json', 'campaign.yaml']) await copyFile(join(dir, name), join(shuffled, name));
    const db = await (await DuckDBInstance.create(':memory:')).connect();
    for (const [name, key] of Object.entries({
      calls: 'trace_id',
      attempts: 'span_id',
      spans: 'SpanId',
      logs: 'SpanId',
      resources: 'tier || slice',
    })) {
      await db.run(
        `COPY (SELECT * FROM read_parquet('${join(dir, name)}.parquet') ORDER BY hash(${key}, 7)) TO '${join(shuffled, name)}.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
      );
    }
    db.closeSync();
    const moved = await analyse(shuffled);
    assert.notEqual(moved.campaign.raw_digest, analysis.campaign.raw_digest);
    moved.campaign.raw_digest = analysis.campaign.raw_digest;
    assert.equal(JSON.stringify(moved), text);
  });

  it('says which file is missing or wrong', async () => {
    await assert.rejects(analyse(join(root, 'nowhere')), { code: 'CONFIG' });
    const dir = join(root, 'half');
    await mkdir(dir);
    await writeFile(join(dir, 'manifest.json'), '{"version": 2}');
    await assert.rejects(analyse(dir), { code: 'CONFIG', message: /not of this version/ });
    const { dir: whole } = await campaign({ blocks: 1, sessions: [{ ...latency, rounds: 1 }] });
    await rm(join(whole, 'logs.parquet'));
    await assert.rejects(analyse(whole), { code: 'STORE', message: /logs\.parquet/ });
  });
});

describe('too little data', () => {
  it('gives estimates without intervals, and no verdict', async () => {
    const { analysis } = await campaign({ blocks: 2, sessions: [{ ...latency, rounds: 2 }], claims });
    const p50 = shift(analysis, 'felt_p50_shift', 'gateway', 'direct');
    assert.deepEqual([p50.ci95, p50.ci90, p50.method, p50.sensitivity], [null, null, 'none', null]);
    assert.equal(
      analysis.comparisons.some((c) => c.metric === 'felt_p95_shift'),
      false,
    );
    assert.ok(analysis.verdicts.every((v) => v.verdict === 'inconclusive'));
    assert.ok(analysis.aa.every((a) => a.result === 'not estimated'));
    assert.ok(codes(analysis).includes('few_blocks'));
    assert.equal(figures(analysis, 'direct').p50_ci, null);
  });
});

describe('voided blocks', () => {
  it('are left out of the figures, and stand beside them', async () => {
    const { analysis } = await campaign({ blocks: 7, voided: [2], claims });
    const kept = shift(analysis, 'felt_p50_shift', 'gateway', 'direct');
    assert.equal(kept.blocks, 6);
    near(kept.estimate, 290, 2);
    const all = analysis.all_blocks.find(
      (c) => c.metric === 'felt_p50_shift' && c.arm === 'gateway' && c.baseline === 'direct',
    )!;
    assert.equal(all.blocks, 7);
    assert.ok(all.sensitivity!.mean > kept.estimate + 100, 'the voided block is far off');
    assert.deepEqual(analysis.campaign.blocks, { planned: 7, kept: 6, voided: 1 });
    assert.deepEqual(analysis.warnings.find((w) => w.code === 'voided_blocks')!.caps, [], 'one may be');
    assert.equal(figures(analysis, 'direct').calls, 6 * 300);
  });

  it('cap every verdict where they are many', async () => {
    const { analysis } = await campaign({ blocks: 8, voided: [1, 5], claims });
    assert.deepEqual(
      analysis.warnings.find((w) => w.code === 'voided_blocks')!.caps,
      claims.map((c) => c.claim),
    );
    assert.equal(verdict(analysis, 'C1a').verdict, 'inconclusive');
    assert.equal(analysis.gates.find((g) => g.name === 'blocks voided')!.ok, false);
  });

  it('are shown where there is nothing else, and decide nothing', async () => {
    const { analysis } = await campaign({ blocks: 6, voided: [0, 1, 2, 3, 4, 5], claims });
    assert.equal(shift(analysis, 'felt_p50_shift', 'gateway', 'direct').blocks, 6);
    assert.equal(analysis.campaign.blocks.kept, 0);
    assert.ok(codes(analysis).includes('every_block_void'));
    assert.ok(analysis.verdicts.every((v) => v.verdict === 'inconclusive'));
  });
});

describe('calls without an answer', () => {
  it('rank above every success: few move the p95 up, more than one in twenty leave it unknown', async () => {
    const some = (share: number) =>
      arms.map((a) => (a.arm === 'gateway' ? { ...a, failed: `hash(round, position) % 100 < ${share}` } : a));
    const few = (await campaign({ arms: some(2), claims })).analysis;
    const p95 = shift(few, 'felt_p95_shift', 'gateway', 'direct');
    assert.ok(p95.estimate > 291 && Number.isFinite(p95.ci95![1]), `${p95.estimate}`);
    near(figures(few, 'gateway').error_budget.error_rate, 0.02, 0.015);
    assert.equal(codes(few).includes('unanswered'), false);

    const many = (await campaign({ arms: some(12), claims })).analysis;
    assert.equal(
      many.comparisons.some((c) => c.metric === 'felt_p95_shift' && c.arm === 'gateway'),
      false,
    );
    assert.ok(Number.isFinite(shift(many, 'felt_p50_shift', 'gateway', 'direct').estimate));
    const gateway = figures(many, 'gateway');
    assert.equal(gateway.p95_us, null);
    assert.ok(gateway.outcomes.timeout > 0 && gateway.error_budget.burn > 50);
    assert.ok(codes(many).includes('unanswered') && codes(many).includes('failures'));
    assert.equal(verdict(many, 'C1b').verdict, 'inconclusive');
    const rate = shift(many, 'error_rate_shift', 'gateway', 'direct');
    near(rate.estimate, gateway.error_budget.error_rate, 1e-9);
    assert.equal(rate.method, 'block_bootstrap');
  });
});

describe('equal arms that are not', () => {
  it('cap the claims on times', async () => {
    const biased = arms.map((a) => (a.arm === 'direct-b' ? { ...a, wire_us: 300 } : a));
    const { analysis } = await campaign({ arms: biased, claims });
    assert.deepEqual(
      analysis.aa.map((a) => a.result),
      ['fails', 'fails'],
    );
    assert.equal(verdict(analysis, 'C1a').verdict, 'inconclusive');
    assert.match(verdict(analysis, 'C1a').why, /aa fails/);
    assert.equal(verdict(analysis, 'C9').verdict, 'confirmed', 'a claim on CPU time is none on times');
    assert.equal(analysis.gates.find((g) => g.name === 'equal arms, felt_p50_shift')!.ok, false);
  });

  it('cap them too where there are none', async () => {
    const { analysis } = await campaign({ arms: arms.filter((a) => a.arm !== 'direct-b'), claims });
    assert.ok(codes(analysis).includes('no_aa'));
    assert.equal(verdict(analysis, 'C1a').verdict, 'inconclusive');
  });
});

describe('401s', () => {
  const every10th = "phase = 'lifecycle' AND position % 10 = 0";
  const faults: SyntheticOptions['faults'] = [];
  let analysis: Analysis;
  before(async () => {
    // The lifecycle session is the second of a block, and its slices are 0.7 s apart: one fault while it runs, one long after.
    for (let block = 0; block < 7; block++) {
      const at = (s: number): string =>
        String(
          1_700_000_000_000_000_000n +
            BigInt(block) * 3_600_000_000_000n +
            600_000_000_000n +
            BigInt(s) * 1_000_000_000n,
        );
      for (const arm of ['direct', 'native']) {
        faults.push({ block, arm, leg: 'agent', kind: 'expired', round: 2, at_ns: at(10) });
        faults.push({ block, arm, leg: 'agent', kind: 'expired', round: 9, at_ns: at(2_000) });
        faults.push({ block, arm, leg: 'agent', kind: 'revoked', round: 5, at_ns: at(20) });
      }
      faults.push({ block, arm: 'gateway', leg: 'gateway', kind: 'expired', round: 2, at_ns: at(10) });
      faults.push({ block, arm: 'gateway', leg: 'agent', kind: 'expired', round: 2, at_ns: at(10) });
    }
    const own: Record<string, Partial<SyntheticArm>> = {
      direct: { touched_agent: every10th, over_broad: 'true' },
      passthrough: { touched_agent: every10th },
      gateway: { touched_gateway: every10th },
      'native-regressed': { touched_agent: "phase = 'lifecycle' AND round % 2 = 0 AND position < 5" },
      native: {},
    };
    const lived = [
      ...arms.filter((a) => a.arm in own || a.arm === 'layered' || a.arm === 'direct-b'),
      { arm: 'native-regressed', controls: 'regressed' as const, gateway: 'none' as const },
    ].map((a) => ({ ...a, ...own[a.arm] }));
    ({ analysis } = await campaign({
      arms: lived,
      blocks: 7,
      sessions: [latency, lifecycle],
      claims,
      faults,
      voided: [3],
    }));
  });
  const calls = 7 * 10 * 20;

  it('are rated over all calls of the lifecycle phase, voided blocks too', () => {
    const { retry401 } = figures(analysis, 'direct', 'lifecycle');
    assert.equal(retry401.rate, 0.1);
    assert.deepEqual(retry401.funnel, { calls, touched: calls / 10, recovered: calls / 10, not_recovered: 0 });
    assert.deepEqual(retry401.amplification, { agent: 1.1, gateway: null });
    assert.deepEqual(retry401.causes, [{ leg: 'agent', cause: 'expired', count: calls / 10 }]);
    assert.ok(retry401.ci95![0] <= 0.1 && 0.1 <= retry401.ci95![1]);
  });

  it('on the gateway’s leg never reach the agent', () => {
    const { retry401 } = figures(analysis, 'gateway', 'lifecycle');
    assert.equal(retry401.rate, 0);
    assert.deepEqual(retry401.amplification, { agent: 1, gateway: 1.1 });
    assert.deepEqual(retry401.causes, [{ leg: 'gateway', cause: 'expired', count: calls / 10 }]);
    assert.equal(retry401.funnel.touched, calls / 10);
    assert.ok(retry401.ci95![0] === 0 && retry401.ci95![1] > 0, 'none seen is not none');
  });

  it('that a gateway passes on count once, on the agent’s leg', () => {
    const { retry401 } = figures(analysis, 'passthrough', 'lifecycle');
    assert.deepEqual(retry401.causes, [{ leg: 'agent', cause: 'expired', count: calls / 10 }]);
    assert.deepEqual(retry401.amplification, { agent: 1.1, gateway: 1.1 });
  });

  it('in a row are loops', () => {
    assert.equal(
      figures(analysis, 'native-regressed', 'lifecycle').retry401.loops,
      7 * 5,
      'one task of five calls in every second round',
    );
    assert.equal(figures(analysis, 'direct', 'lifecycle').retry401.loops, 0);
  });

  it('belong to the fault of their kind and leg', () => {
    const { episodes } = figures(analysis, 'direct', 'lifecycle').retry401;
    // The expiry near the calls surfaced, the one long after did not, and no 401 was of a revocation.
    assert.deepEqual([episodes.n, episodes.with_401], [21, 7]);
    const native = figures(analysis, 'native', 'lifecycle').retry401.episodes;
    assert.deepEqual([native.n, native.with_401], [21, 0]);
    assert.ok(native.ci95![1] > 0.1);
    const gateway = figures(analysis, 'gateway', 'lifecycle').retry401.episodes;
    assert.deepEqual([gateway.n, gateway.with_401], [14, 7]);
  });

  it('cost time, and are counted beside tokens that are too broad', () => {
    const direct = figures(analysis, 'direct', 'lifecycle').retry401;
    // A first try of 100 µs wire and 15 µs check, and a refresh of 900 µs.
    near(direct.time_lost_us, 1_015, 15);
    assert.deepEqual([direct.over_broad.calls, direct.over_broad.of], [calls, calls]);
    assert.equal(figures(analysis, 'native', 'lifecycle').retry401.over_broad.calls, 0);
  });

  it('decide the claim on the fix', () => {
    const difference = shift(analysis, 'retry401_shift', 'native', 'native-regressed');
    assert.equal(difference.estimate, -0.125);
    assert.equal(difference.blocks, 7);
    const c3 = verdict(analysis, 'C3');
    assert.equal(c3.verdict, 'confirmed');
    assert.ok(c3.evidence.some((e) => e.label === 'loops of native-regressed' && e.estimate === 35));
  });
});

describe('correlation', () => {
  const sessions = [{ ...latency, rounds: 15 }, correlation];

  it('is whole where nothing was lost, and beats timestamps', async () => {
    const { analysis } = await campaign({ sessions, claims });
    for (const a of analysis.arms) {
      assert.ok(
        a.correlation.by_tier.every((t) => t.share === 1 && t.lines > 0),
        a.arm,
      );
      assert.equal(a.correlation.complete.share, 1);
      assert.deepEqual(a.correlation.missing, []);
      assert.equal(a.correlation.by_timestamp === null, a.phase !== 'correlation');
    }
    const { by_timestamp, by_tier } = figures(analysis, 'gateway', 'correlation').correlation;
    assert.deepEqual(
      by_tier.map((t) => [t.tier, t.lines]),
      ['agent', 'gateway', 'tools'].map((t) => [`weighbridge-${t}`, 300]),
    );
    assert.equal(by_timestamp!.lines, 900);
    assert.ok(by_timestamp!.share < 0.5);
  });

  it('shows lines that were lost, on the tier that lost them', async () => {
    const { analysis } = await campaign({
      sessions,
      claims,
      lost_line: "tier = 'gateway' AND arm = 'gateway' AND position % 10 = 3",
    });
    const [agent, gateway] = figures(analysis, 'gateway', 'correlation').correlation.by_tier;
    assert.equal(agent!.share, 1);
    assert.ok(gateway!.share < 1);
    assert.ok(
      figures(analysis, 'layered', 'correlation').correlation.by_tier.every((t) => t.share === 1),
      'another process',
    );
    assert.ok(codes(analysis).includes('correlation_loss'));
    assert.equal(verdict(analysis, 'C8').verdict, 'refuted', verdict(analysis, 'C8').why);
  });

  it('shows spans that were lost as orphans, broken traces and lines without a span', async () => {
    const { analysis } = await campaign({ sessions, lost_span: "spot = 'gw' AND arm = 'gateway' AND position = 20" });
    const { correlation: c } = figures(analysis, 'gateway', 'latency');
    assert.equal(c.orphans, 6 * 15);
    assert.equal(c.complete.complete, c.complete.traces, 'the gateway’s client span is still there');
    const gateway = c.by_tier.find((t) => t.tier === 'weighbridge-gateway')!;
    assert.equal(gateway.lines - gateway.joined, 6 * 15);
    assert.equal(figures(analysis, 'layered', 'latency').correlation.orphans, 0);
  });

  it('leaves times by spans out where tool spans are missing', async () => {
    const { analysis } = await campaign({ lost_span: "spot = 'tool' AND arm = 'gateway' AND position % 2 = 0" });
    assert.equal(
      analysis.comparisons.some((c) => c.metric.startsWith('hop_') && c.arm === 'gateway'),
      false,
    );
    assert.ok(analysis.comparisons.some((c) => c.metric.startsWith('hop_') && c.arm === 'layered'));
    assert.ok(codes(analysis).includes('spans_missing'));
    assert.ok(figures(analysis, 'gateway').correlation.complete.share < 0.6);
  });
});

describe('an attached gateway', () => {
  it('is weighed by what is felt, and said to show nothing of itself', async () => {
    const { dir, manifest } = await campaign({
      sessions: [latency, correlation],
      lost_span: "tier = 'gateway' AND arm = 'passthrough'",
    });
    const proxy = manifest.arms.find((a) => a.arm === 'passthrough')!;
    Object.assign(proxy, { attached: true, gateway: 'edge', tiers: ['weighbridge-agent', 'weighbridge-tools'] });
    await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest));
    const analysis = await analyse(dir);
    near(shift(analysis, 'felt_p50_shift', 'passthrough', 'direct').estimate, 170, 2);
    near(shift(analysis, 'hop_p50_shift', 'passthrough', 'direct').estimate, 170, 0.01);
    const parts = analysis.waterfalls.find((w) => w.arm === 'passthrough' && w.baseline === 'direct')!.parts;
    near(parts.find((p) => p.part === 'wire to the gateway or tool')!.difference_us, 170, 0.01);
    assert.equal(parts.find((p) => p.part === 'gateway self')!.mean_us, 0);
    assert.equal(
      analysis.comparisons.some((c) => c.metric === 'cpu_per_call_shift' && c.arm === 'passthrough'),
      false,
    );
    assert.ok(codes(analysis).includes('attached_gateway') && codes(analysis).includes('cpu_unseen'));
    const { correlation: c } = figures(analysis, 'passthrough', 'correlation');
    assert.match(c.missing.join(), /edge: an attached gateway/);
  });
});

describe('the campaign in an analysis', () => {
  it('is the manifest’s, and the digest that of the raw files', async () => {
    const { dir, analysis, manifest } = await campaign({ blocks: 1, sessions: [{ ...latency, rounds: 1 }] });
    assert.equal(analysis.campaign.seed, manifest.seed);
    assert.deepEqual(
      analysis.campaign.arms.map((a) => a.arm),
      arms.map((a) => a.arm),
    );
    assert.match(analysis.campaign.raw_digest, /^[0-9a-f]{64}$/);
    const text = await readFile(join(dir, 'manifest.json'), 'utf8');
    await writeFile(join(dir, 'manifest.json'), text.replace('Is the analysis right?', 'Is it?'));
    const other = await analyse(dir);
    assert.equal(other.campaign.question, 'Is it?');
    assert.notEqual(other.campaign.raw_digest, analysis.campaign.raw_digest);
  });
});
