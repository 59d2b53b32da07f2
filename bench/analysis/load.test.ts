import assert from 'node:assert/strict';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import type { LoadReport } from '#contract/calls.ts';
import type { LoadArm } from '#contract/loadFigures.ts';
import type { LoadShape, Manifest } from '#contract/manifest.ts';
import { sampleResource } from '../../collectors/samples/rows.ts';
import { Store } from '../../collectors/store/index.ts';
import { evenSamples, loadReport, type Sample } from '../load/testing.ts';
import { uslThroughput } from '../stats/usl.ts';
import { analyse } from './index.ts';
import { campaigns, digest, latency, near } from './testing.ts';

const { campaign, root } = campaigns();

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
const truth: Record<string, (number | null)[]> = { direct: [0.5, 3, 20], gateway: [3, 20, null] };
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
function closedReport(n: number): LoadReport {
  const latency_ms = (n * 1_000) / uslThroughput(law, n);
  const samples: Sample[] = [];
  for (let worker = 0; worker < n; worker++) {
    for (let due_ms = (worker * latency_ms) / n; due_ms < 1_000; due_ms += latency_ms)
      samples.push({ due_ms, latency_ms });
  }
  return { ...loadReport(samples), pace: 'closed', in_flight_peak: n };
}

async function addArm(store: Store, arm: string, block: number): Promise<void> {
  const place = { workload: 'tool-chain', arm, block };
  const steps = [
    ...rates.map((rate_per_s, i) => ({
      step: { ...place, condition: 'instant/open/http', step: i, rate_per_s, workers: null },
      // What a voided block says counts in no figure.
      report: openReport(rate_per_s, block === blocks ? 900 : truth[arm]![i]!),
    })),
    ...workers.map((n, i) => ({
      step: { ...place, condition: 'instant/closed/http', step: rates.length + i, rate_per_s: null, workers: n },
      report: closedReport(n),
    })),
  ];
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

/** A campaign of nothing but load: every other file is empty. */
async function loadAlone(): Promise<{ dir: string; manifest: Manifest }> {
  const { dir, manifest } = await campaign({ blocks: blocks + 1, sessions: [{ ...latency, rounds: 1 }] });
  const stored = join(root(), 'stored');
  await mkdir(stored);
  const store = await Store.open(stored);
  for (let block = 0; block <= blocks; block++) {
    for (const arm of Object.keys(truth)) await addArm(store, arm, block);
    await store.endBlock(block);
  }
  await store.merge([blocks]);
  await mkdir(join(dir, 'voided'));
  for (const name of ['calls', 'attempts', 'spans', 'logs', 'resources', 'load']) {
    for (const at of ['', 'voided/'])
      await copyFile(join(stored, `${at}${name}.parquet`), join(dir, `${at}${name}.parquet`));
  }
  manifest.plan = { ...manifest.plan, phases: ['parity', 'load'], load: shape };
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
      ['direct', 'gateway'],
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
    assert.deepEqual(arm('direct').frontier[1]!.ci95, [1_000, 1_000]);
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

  it('is the same to the byte again', async () =>
    assert.equal(JSON.stringify(await analyse(dir, digest)), JSON.stringify(analysis)));

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

describe('a campaign without a load phase', () => {
  it('has no figures of it, with or without the file', async () => {
    const { analysis } = await campaign({ blocks: 1, sessions: [{ ...latency, rounds: 1 }] });
    assert.equal(analysis.load, null);
  });
});
