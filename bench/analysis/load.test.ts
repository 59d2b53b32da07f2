import assert from 'node:assert/strict';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import type { LoadReport } from '#contract/calls.ts';
import { type LoadArm, type LoadMetricFigure, loadMetricNamed } from '#contract/loadFigures.ts';
import type { LoadShape, Manifest, Threshold } from '#contract/manifest.ts';
import { sampleResource } from '../../collectors/samples/rows.ts';
import { Store } from '../../collectors/store/index.ts';
import { evenSamples, loadReport, type Sample } from '../load/testing.ts';
import { uslThroughput } from '../stats/usl.ts';
import { isRefusal, resolveThreshold } from '../thresholds/index.ts';
import { analyse } from './index.ts';
import { campaigns, digest, latency, near, verdict } from './testing.ts';

const { campaign } = campaigns();

const blocks = 6;
const calls = 3_000;
const rates = [500, 1_000, 2_000];
const workers = [1, 2, 4, 8, 16];
const shape: LoadShape = {
  short: null,
  blocks,
  rates_per_s: rates,
  least_s: 1,
  least_calls: calls,
  discard: 0.2,
  max_in_flight: 1_000,
  workers,
  closed_s: 1,
  warm_up_calls: 0,
};

/** Latency at each rate, ms; null: one call in twenty is not sent. */
const truth: Record<string, (number | null)[]> = {
  direct: [0.5, 3, 20],
  'direct-b': [0.5, 3, 20],
  gateway: [3, 20, null],
};
/** No coordination: throughput flattens out at λ/σ, and the knee is 1/σ. */
const law = { lambda: 1_000, sigma: 0.1, kappa: 0 };

function openReport(rate: number, latency_ms: number | null): LoadReport {
  return loadReport(
    evenSamples(calls, rate, (i) => {
      if (latency_ms === null) return i % 20 === 0 ? { latency_ms: 1_000, outcome: 'unsent' } : { latency_ms: 100 };
      // The part that is left out is ten times slower.
      return { latency_ms: i < calls * 0.19 ? latency_ms * 10 : latency_ms };
    }),
  );
}

/** Each worker's calls follow one another, the workers evenly apart. */
function closedReport(n: number, refused = 0): LoadReport {
  const latency_ms = (n * 1_000) / uslThroughput(law, n);
  const samples: Sample[] = [];
  for (let worker = 0; worker < n; worker++) {
    for (let due_ms = (worker * latency_ms) / n; due_ms < 1_000; due_ms += latency_ms)
      samples.push({ due_ms, latency_ms, outcome: samples.length % 25 < 25 * refused ? 'denied' : 'ok' });
  }
  return { ...loadReport(samples), pace: 'closed', in_flight_peak: n };
}

/** autocannon on the tools alone, behind the steps: four connections. */
const addProbe = (store: Store, place: { workload: string; arm: string; block: number }): Promise<void> =>
  store.addLoad(
    { ...place, condition: 'instant/probe-tools/http', step: 99, rate_per_s: null, workers: 4 },
    { ...closedReport(4), pace: 'probe' },
  );

/** @param refused share of the calls of the closed loop */
async function addArm(store: Store, arm: string, block: number, refused = 0): Promise<void> {
  const place = { workload: 'tool-chain', arm, block };
  const steps = [
    ...rates.map((rate_per_s, i) => ({
      step: { ...place, condition: 'instant/open/http', step: i, rate_per_s, workers: null },
      // What a voided block says counts in no figure.
      report: openReport(rate_per_s, block === blocks ? 900 : truth[arm]![i]!),
    })),
    ...workers.map((n, i) => ({
      step: { ...place, condition: 'instant/closed/http', step: rates.length + i, rate_per_s: null, workers: n },
      report: closedReport(n, refused),
    })),
  ];
  if (arm === 'direct') await addProbe(store, place);
  for (const { step, report } of steps) {
    await store.addLoad(step, report);
    const sent = report.outcome.length;
    await store.addResources(
      ['weighbridge-tools', 'weighbridge-agent'].map((tier, i) =>
        sampleResource({
          phase: 'load',
          arm,
          block,
          condition: step.condition,
          slice: step.step,
          tier,
          calls: sent,
          cpu_ns: BigInt(sent * (100_000 + 50_000 * i)),
          run_queue_ns: BigInt(sent * 7_000),
          peak_rss_bytes: 1_048_576 * (100 + step.step),
        }),
      ),
    );
  }
}

const claims: Manifest['claims'] = (
  [
    ['carries', 'arm:gateway', 'frontier_p99_10ms', [500, null]],
    ['carries-more', 'arm:gateway', 'frontier_p99_10ms', [600, null]],
    ['known-from-below', 'arm:direct', 'frontier_p99_50ms', [1_500, null]],
    ['price-open', 'added', 'frontier_p99_10ms_ratio', [0.8, null]],
    ['price-far', 'added', 'frontier_p99_10ms_ratio', [2, null]],
    ['price-equal', 'added', 'saturation_ratio', [0.9, 1.1]],
    ['unread', 'arm:gateway', 'cpu_us_per_call', [null, 400]],
    ['absent', 'arm:native', 'saturation', [1, null]],
    ['absent-baseline', 'decision', 'saturation_ratio', [0.5, null]],
  ] as const
).map(([claim, compare, metric, region]) => ({
  claim,
  statement: `What ${claim} says.`,
  compare,
  metric,
  region: [...region],
  unit: loadMetricNamed(metric)!.unit,
  margin: 'as fixed',
}));

const thresholds = ({ arms, comparisons }: Manifest): Threshold[] =>
  Object.entries({
    'gateway.frontier_p99_10ms': '< 300 /s',
    'direct.frontier_p99_50ms': '>= 2000 /s',
    'added.frontier_p99_10ms_ratio': '> 80 %',
    'added.saturation_ratio': '>= 95 %',
    'native.saturation': '> 1 /s',
  }).map(([key, value]) => {
    const names = { arms: arms.map(({ arm }) => ({ arm, lifecycle_only: false })), comparisons };
    const place = { workloads: [], conditions: [], lifecycle: { workload: '', condition: '' } };
    const found = resolveThreshold(key, value, { ...names, ...place });
    assert.ok(!isRefusal(found), JSON.stringify(found));
    return found;
  });

/** A campaign of nothing but load: every other file is empty. `refused`: share of the closed loop's calls, by arm. */
async function loadAlone(refused: Record<string, number> = {}): Promise<{ dir: string; manifest: Manifest }> {
  const { dir, manifest } = await campaign({ blocks: blocks + 1, sessions: [{ ...latency, rounds: 1 }] });
  const stored = `${dir}-stored`;
  await mkdir(stored);
  const store = await Store.open(stored);
  for (let block = 0; block <= blocks; block++) {
    for (const arm of Object.keys(truth)) await addArm(store, arm, block, refused[arm]);
    await store.endBlock(block);
  }
  await store.merge([blocks]);
  await mkdir(join(dir, 'voided'));
  for (const name of ['calls', 'attempts', 'spans', 'logs', 'resources', 'load']) {
    for (const at of ['', 'voided/'])
      await copyFile(join(stored, `${at}${name}.parquet`), join(dir, `${at}${name}.parquet`));
  }
  manifest.plan = { ...manifest.plan, phases: ['parity', 'load'], load: shape };
  manifest.claims = claims;
  manifest.thresholds = thresholds(manifest);
  manifest.blocks[blocks]!.voided = 'for the test';
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest));
  return { dir, manifest };
}

describe('the load phase, alone', () => {
  let dir: string;
  let manifest: Manifest;
  let analysis: Analysis;
  const arm = (name: string): LoadArm => analysis.load!.arms.find((a) => a.arm === name)!;
  before(async () => {
    ({ dir, manifest } = await loadAlone());
    analysis = await analyse(dir, digest);
  });

  it('gives an analysis of its own, without the voided block', () => {
    assert.deepEqual(
      analysis.load!.arms.map((a) => a.arm),
      ['direct', 'direct-b', 'gateway'],
    );
    assert.equal(analysis.load!.blocks, blocks);
    assert.equal(arm('direct').blocks, blocks);
    assert.deepEqual([analysis.comparisons, analysis.arms], [[], []]);
  });

  it('tells latency against rate from the raw calls, the first fifth left out', () => {
    assert.deepEqual(
      arm('direct').open.map((s) => [s.rate_per_s, s.p50!.us, s.p99!.us, s.p99!.at_least]),
      [
        [500, 500, 500, false],
        [1_000, 3_000, 3_000, false],
        [2_000, 20_000, 20_000, false],
      ],
    );
    const [first] = arm('direct').open;
    // The last is due at 2,999 gaps, the first kept one at a fifth of that.
    assert.equal(first!.calls, blocks * (calls - 600));
    near(first!.offered_per_s, 500, 1);
  });

  it('a saturated step is an outcome: what was not sent is counted, and the p99 is known from below', () => {
    const last = arm('gateway').open.at(-1)!;
    assert.deepEqual(last.p99, { us: 1_000_000, at_least: true });
    assert.equal(last.outcomes.unsent, blocks * 120);
    assert.equal(last.outcomes.ok, blocks * 2_280);
  });

  it('frontier: the highest rate whose p99 stays under each limit', () => {
    const frontier = (name: string) => arm(name).frontier.map((f) => [f.limit_ms, f.rate_per_s, f.at_least]);
    assert.deepEqual(frontier('direct'), [
      [1, 500, false],
      [5, 1_000, false],
      [10, 1_000, false],
      [50, 2_000, true],
    ]);
    assert.deepEqual(frontier('gateway'), [
      [1, 0, false],
      [5, 500, false],
      [10, 500, false],
      [50, 1_000, false],
    ]);
    // 1,000 was carried and 2,000 was not, in every block; no step was too slow for a p99 under 50 ms.
    assert.deepEqual(arm('direct').frontier[1]!.ci95, [1_000, 2_000]);
    assert.deepEqual(arm('direct').frontier[3]!.ci95, [2_000, null]);
  });

  it('saturation and knee come out of the closed loop', () => {
    const { saturation, knee, closed } = arm('direct');
    assert.deepEqual(
      closed.map((s) => s.workers),
      workers,
    );
    assert.equal(saturation!.workers, 16);
    near(saturation!.served_per_s, uslThroughput(law, 16), 0.03 * uslThroughput(law, 16));
    near(knee!.workers.value, 10, 1.5);
    near(knee!.lambda, 1_000, 30);
    assert.ok(knee!.workers.ci95 !== null);
  });

  it('CPU per call by tier, in the order of the path, and the highest memory', () => {
    const { cpu_us_per_call, peak_rss_mib, open } = arm('gateway');
    assert.deepEqual(cpu_us_per_call, [
      { tier: 'weighbridge-agent', us: 150, run_queue_us: 7 },
      { tier: 'weighbridge-tools', us: 100, run_queue_us: 7 },
    ]);
    assert.equal(open[0]!.cpu_us_per_call, 250);
    assert.deepEqual(
      peak_rss_mib.map((t) => t.mib),
      [107, 107],
    );
  });

  const metric = (name: string, of: string, baseline: string | null = null): LoadMetricFigure =>
    analysis.load!.metrics.find((m) => m.metric === name && m.arm === of && m.baseline === baseline)!;

  it('figures that claims can name: from a rate that was carried to one that was too slow, block by block', () => {
    const frontier = metric('frontier_p99_10ms', 'gateway');
    assert.deepEqual(
      [frontier.estimate, frontier.ci95, frontier.ci90, frontier.missing],
      [500, [500, 1_000], [500, 1_000], null],
    );
    assert.deepEqual(frontier.by_block[0], { block: 0, least: 500, most: 1_000 });
    assert.deepEqual([frontier.unit, frontier.method, frontier.blocks], ['per_s', 'block_bootstrap', blocks]);
    const open = metric('frontier_p99_50ms', 'direct');
    assert.deepEqual([open.estimate, open.bound, open.ci95], [2_000, 'at_least', [2_000, null]]);
    assert.deepEqual(
      [frontier.bound, frontier.level, frontier.level90],
      [null, null, null],
      'no bootstrap attains a level',
    );
    assert.match(open.missing!, /in 6 of 6 blocks no step was too slow for direct/);
    const cpu = metric('cpu_us_per_call', 'direct');
    assert.deepEqual([cpu.estimate, cpu.ci95], [250, [250, 250]]);
    assert.match(metric('cpu_us_per_call', 'gateway').missing!, /CPU time of a tier/, 'its gateway was not read');
    assert.deepEqual(metric('knee', 'direct').estimate, arm('direct').knee!.workers.value);
  });

  it('ratios of two arms: signed rank over blocks, open where one is known from below only', () => {
    const ratio = metric('frontier_p99_10ms_ratio', 'gateway', 'direct');
    assert.deepEqual([ratio.estimate, ratio.ci95, ratio.method], [0.5, [0.25, 1], 'signed_rank']);
    near(ratio.level, 0.969, 0.001);
    const open = metric('frontier_p99_50ms_ratio', 'gateway', 'direct');
    assert.deepEqual([open.estimate, open.bound, open.ci95], [0.5, 'at_most', [0, 1]]);
    assert.match(open.missing!, /too slow for direct/);
    const unknown = metric('frontier_p99_50ms_ratio', 'direct-b', 'direct');
    assert.deepEqual([unknown.estimate, unknown.bound, unknown.ci95], [null, null, [0, null]]);
    assert.match(unknown.missing!, /too slow for direct-b, .*, and in 6 of 6 blocks no step was too slow for direct,/);
    const nothing = metric('frontier_p99_1ms_ratio', 'gateway', 'direct');
    assert.deepEqual([nothing.estimate, nothing.ci95], [null, [0, 1]]);
    assert.match(metric('cpu_us_per_call_ratio', 'gateway', 'direct').missing!, /of gateway, the CPU time/);
  });

  it('claims are decided by the 90 % interval, and say why', () => {
    for (const [claim, expected] of Object.entries({
      carries: 'confirmed',
      'carries-more': 'inconclusive',
      'known-from-below': 'confirmed',
      'price-open': 'inconclusive',
      'price-far': 'refuted',
      'price-equal': 'confirmed',
      unread: 'inconclusive',
      absent: 'inconclusive',
      'absent-baseline': 'inconclusive',
    }))
      assert.equal(verdict(analysis, claim).verdict, expected, `${claim}: ${verdict(analysis, claim).why}`);
    const { why, evidence, subject } = verdict(analysis, 'carries');
    assert.match(why, /gateway under load: 500 calls\/s \(90 %: 500 to 1000 calls\/s, 6 blocks\)\. Inside the margin/);
    assert.equal(subject.system, 'weighbridge-gateway@0.1.0');
    const [, , index] = evidence[0]!.pointer.split('/').slice(1);
    assert.equal(analysis.load!.metrics[Number(index)]!.metric, 'frontier_p99_10ms');
    assert.match(
      verdict(analysis, 'known-from-below').why,
      /at least 2000 calls\/s \(90 %: 2000 calls\/s or more, 6 blocks\), since in 6 of 6 blocks/,
    );
    assert.match(why, /reaches from one that was carried to one that was too slow/);
    assert.doesNotMatch(verdict(analysis, 'known-from-below').why, /one that was too slow/);
    for (const claim of ['absent', 'absent-baseline'])
      assert.match(verdict(analysis, claim).why, /^Not measured, since native was not pressed\./);
    assert.match(verdict(analysis, 'unread').why, /not estimated \(no interval, 6 blocks\), since the CPU time/);
  });

  it('thresholds are held by the 95 % interval, and cite the figure', () => {
    for (const [key, expected] of Object.entries({
      'gateway.frontier_p99_10ms': 'broke',
      'direct.frontier_p99_50ms': 'held',
      'added.frontier_p99_10ms_ratio': 'inconclusive',
      'added.saturation_ratio': 'held',
      'native.saturation': 'inconclusive',
    })) {
      const found = analysis.thresholds.find((t) => t.threshold === key)!;
      assert.equal(found.result, expected, `${key}: ${found.why}`);
    }
    const broke = analysis.thresholds.find((t) => t.threshold === 'gateway.frontier_p99_10ms')!;
    assert.match(broke.why, /500 calls\/s \(95 %: 500 to 1000 calls\/s, .* 200 calls\/s beyond it/);
    assert.match(broke.evidence[0]!.pointer, /^\/load\/metrics\/\d+$/);
    assert.match(analysis.thresholds.find((t) => t.threshold === 'native.saturation')!.why, /native was not pressed/);
  });

  it('a probe is told beside the arms, and is in none of their figures', () => {
    const [probe, ...others] = analysis.load!.probes;
    assert.equal(others.length, 0);
    assert.deepEqual([probe!.target, probe!.arm, probe!.connections, probe!.blocks], ['tools', 'direct', 4, blocks]);
    near(probe!.served_per_s, uslThroughput(law, 4), 0.03 * uslThroughput(law, 4));
    assert.equal(probe!.p50!.us, Math.round((4 * 1e6) / uslThroughput(law, 4)));
    assert.deepEqual(arm('direct').closed, arm('direct-b').closed);
  });

  it('is the same to the byte again', async () =>
    assert.equal(JSON.stringify(await analyse(dir, digest)), JSON.stringify(analysis)));

  it('two equal arms that do not carry the same leave every ratio of that figure open, and no figure of one arm', async () => {
    const comparisons = manifest.comparisons.map((c) => (c.name === 'aa' ? { ...c, arm: 'gateway' } : c));
    const { plan } = manifest;
    // 500 and 1,000 are two steps apart, though no farther than the two others are.
    const load = { ...plan.load, rates_per_s: [500, 700, 1_000, 2_000] };
    await writeFile(join(dir, 'manifest.json'), JSON.stringify({ ...manifest, comparisons, plan: { ...plan, load } }));
    const found = await analyse(dir, digest);
    const warning = found.warnings.find((w) => w.code === 'load_aa_fails' && w.caps.length > 0)!;
    assert.deepEqual(warning.caps, ['price-open', 'price-far', 'added.frontier_p99_10ms_ratio']);
    assert.match(verdict(found, 'price-far').why, /Capped: the same arm pressed twice disagreed/);
    assert.equal(verdict(found, 'price-far').verdict, 'inconclusive');
    assert.equal(verdict(found, 'carries').verdict, 'confirmed');
    assert.equal(verdict(found, 'price-equal').verdict, 'confirmed');
  });

  it('below six blocks nothing is decided', async () => {
    const voided = {
      ...manifest,
      blocks: manifest.blocks.map((b) => (b.block < 5 ? b : { ...b, voided: 'for the test' })),
    };
    await writeFile(join(dir, 'manifest.json'), JSON.stringify(voided));
    const found = await analyse(dir, digest);
    assert.ok(claims.every((c) => verdict(found, c.claim).verdict === 'inconclusive'));
    assert.ok(found.load!.metrics.every((m) => m.ci95 === null && m.missing !== null));
    assert.ok(found.thresholds.every((t) => t.result === 'inconclusive'));
  });

  it('says that it is short, or has too few blocks', async () => {
    const { plan, ...rest } = manifest;
    const load: LoadShape = { ...shape, short: 'a second a step' };
    await writeFile(join(dir, 'manifest.json'), JSON.stringify({ ...rest, plan: { ...plan, load } }));
    const { remarks } = (await analyse(dir, digest)).load!;
    assert.ok(remarks.some((r) => r.includes('a second a step')));
    assert.ok(!analysis.load!.remarks.some((r) => r.includes('short')));
  });

  it('without its file the campaign is not whole', async () => {
    await rm(join(dir, 'load.parquet'));
    await assert.rejects(analyse(dir, digest), { code: 'STORE', message: /load\.parquet/ });
  });
});

describe('an arm that refuses at once', () => {
  let analysis: Analysis;
  const metric = (name: string, of: string, baseline: string | null = null): LoadMetricFigure =>
    analysis.load!.metrics.find((m) => m.metric === name && m.arm === of && m.baseline === baseline)!;
  before(async () => {
    const { dir, manifest } = await loadAlone({ direct: 0.04, 'direct-b': 0.6 });
    const cheap = { claim: 'cheap', compare: 'arm:direct-b', metric: 'cpu_us_per_call', region: [null, 300] as const };
    const own = { ...claims[0]!, ...cheap, region: [...cheap.region] as [null, number] };
    await writeFile(join(dir, 'manifest.json'), JSON.stringify({ ...manifest, claims: [own], thresholds: [] }));
    analysis = await analyse(dir, digest);
  });

  it('has no saturation, no CPU per call and no ratio of them, and it is said why', () => {
    const { saturation, cpu_us_per_call } = analysis.load!.arms.find((a) => a.arm === 'direct-b')!;
    assert.deepEqual([saturation, cpu_us_per_call], [null, []]);
    for (const name of ['saturation', 'cpu_us_per_call']) {
      for (const found of [metric(name, 'direct-b'), metric(`${name}_ratio`, 'direct-b', 'direct')]) {
        assert.deepEqual([found.estimate, found.ci95, found.ci90], [null, null, null], found.metric);
        assert.match(found.missing!, /^(of direct-b, )?59\S* % of the calls were not served where it served most$/);
      }
    }
    assert.equal(verdict(analysis, 'cheap').verdict, 'inconclusive');
    assert.match(verdict(analysis, 'cheap').why, /not estimated .* since 59\S* % of the calls were not served/);
  });

  it('pays for the calls that it served with what all took', () => {
    // Within the limit: 250 µs went into each that was sent, and one in 25 was not served.
    near(metric('cpu_us_per_call', 'direct').estimate, 250 / 0.96, 0.5);
    const step = analysis.load!.arms.find((a) => a.arm === 'direct-b')!.closed.at(-1)!;
    near(step.cpu_us_per_call, 250 / 0.4, 2);
  });
});

describe('a campaign without a load phase', () => {
  it('has no figures of it, with or without the file; claims and thresholds on it stay open, and say so', async () => {
    const { analysis } = await campaign({ blocks: 6, sessions: [{ ...latency, rounds: 1 }], claims });
    assert.equal(analysis.load, null);
    const { verdict: open, why, evidence } = verdict(analysis, 'carries');
    assert.equal(open, 'inconclusive');
    assert.match(why, /Not measured, since the load phase was not run/);
    assert.equal(evidence[0]!.pointer, '/campaign/blocks');
  });
});
