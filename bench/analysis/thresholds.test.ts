import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { Analysis, Judgement } from '#contract/analysis.ts';
import type { Threshold } from '#contract/manifest.ts';
import { isRefusal, resolveThreshold } from '../thresholds/index.ts';
import { analyse } from './index.ts';
import { arms, campaigns, codes, correlation, digest, latency, lifecycle } from './testing.ts';

const { campaign } = campaigns();

const threshold = (key: string, value: string): Threshold => {
  const found = resolveThreshold(key, value, {
    arms: arms.map((a) => ({ arm: a.arm, lifecycle_only: false })),
    comparisons: [
      { name: 'hop', arm: 'passthrough', baseline: 'direct' },
      { name: 'decision', arm: 'gateway', baseline: 'native' },
      { name: 'added', arm: 'gateway', baseline: 'direct' },
    ],
    workloads: ['tool-chain'],
    conditions: ['instant/c1/http'],
    lifecycle: { workload: lifecycle.workload, condition: lifecycle.condition },
  });
  assert.ok(!isRefusal(found), JSON.stringify(found));
  return found;
};
const thresholds = (map: Record<string, string>): Threshold[] =>
  Object.entries(map).map(([key, value]) => threshold(key, value));
const judged = (analysis: Analysis, key: string): Judgement => {
  const found = analysis.thresholds.find((t) => t.threshold === key);
  assert.ok(found, key);
  return found;
};

/** gateway − native is 230 µs, gateway − direct 290 µs, by construction; native meets a 401 in every tenth call. */
describe('thresholds on differences that are known', () => {
  let analysis: Analysis;
  before(async () => {
    ({ analysis } = await campaign({
      arms: arms.map((a) =>
        a.arm === 'native' ? { ...a, touched_agent: "phase = 'lifecycle' AND position % 10 = 0" } : a,
      ),
      sessions: [latency, lifecycle, correlation],
      lost_line: "tier = 'gateway' AND arm = 'layered' AND position = 3",
      thresholds: thresholds({
        'gateway.felt_p95_shift': '< 1 ms',
        'added.felt_p95_shift': '< 100 µs',
        'decision.felt_p50_shift': '> 200 µs',
        'gateway.felt_p99_shift': '< 10 ms',
        'decision.cpu_per_call_shift': '<= 100 µs',
        'native.retry401': '< 5 %',
        'gateway.retry401': '< 5 %',
        'gateway.retry401@fan-out': '= 0 %',
        retry401: '< 5 %',
        error_rate: '= 0 %',
        'gateway.p95': '< 1 s',
        'native.correlation': '= 100 %',
        correlation: '= 100 %',
      }),
    }));
  });

  it('are held or broken as they are', () => {
    for (const [key, result] of Object.entries({
      'gateway.felt_p95_shift': 'held',
      'added.felt_p95_shift': 'broke',
      'decision.felt_p50_shift': 'held',
      'decision.cpu_per_call_shift': 'held',
      'native.retry401': 'broke',
      'gateway.retry401': 'held',
      'gateway.retry401@fan-out': 'held',
      retry401: 'broke',
      error_rate: 'held',
      'gateway.p95': 'held',
      'native.correlation': 'held',
      correlation: 'broke',
    }))
      assert.equal(judged(analysis, key).result, result, `${key}: ${judged(analysis, key).why}`);
  });

  it('what was not estimated is open, with the reason', () => {
    const { result, why } = judged(analysis, 'gateway.felt_p99_shift');
    assert.equal(result, 'inconclusive');
    assert.match(why, /was not estimated, since there were too few calls a block, against the required < 10 ms/);
  });

  it('cite the figure that they were judged by, and the subject', () => {
    const { evidence, why, subject } = judged(analysis, 'gateway.felt_p95_shift');
    assert.equal(evidence.length, 1);
    const cited = analysis.comparisons[Number(evidence[0]!.pointer.split('/')[2])]!;
    assert.deepEqual([cited.metric, cited.arm, cited.baseline], ['felt_p95_shift', 'gateway', 'native']);
    assert.deepEqual(evidence[0]!.ci95, cited.ci95);
    assert.match(
      why,
      /^Held: felt_p95_shift of gateway − native in tool-chain, instant\/c1\/http, 0\.2\d+ ms \(95 %: .* ms, n = 3,600, 6 blocks\)/,
    );
    assert.equal(subject.system, 'weighbridge-gateway@0.1.0');
  });

  it('of every arm name the one that broke', () => {
    const { why, evidence, subject } = judged(analysis, 'retry401');
    assert.equal(evidence.length, arms.length);
    assert.match(
      why,
      /^Broke in 1 of 6 places: foremost retry401 of native in fan-out, instant\/c4\/http \(lifecycle\), 10 % /,
    );
    assert.match(subject.system, /agent.*gateway/);
    assert.match(
      judged(analysis, 'correlation').why,
      /log lines of weighbridge-gateway in layered, [\d,]+ of [\d,]+ join their trace, [\d,]+ too few/,
    );
    assert.ok(
      judged(analysis, 'correlation')
        .evidence.filter((e) => e.result === 'broke')
        .every((e) => /layered/.test(e.label)),
    );
  });

  it('error rates are counted in both phases that have them', () => {
    assert.equal(judged(analysis, 'error_rate').evidence.length, 2 * arms.length);
  });
});

describe('thresholds that cannot be judged', () => {
  it('too few blocks: what needs an interval is open and capped by name, what is counted is not', async () => {
    const { analysis } = await campaign({
      blocks: 2,
      sessions: [latency, correlation],
      thresholds: thresholds({ 'gateway.felt_p95_shift': '< 1 ms', 'native.correlation': '= 100 %' }),
    });
    assert.match(judged(analysis, 'gateway.felt_p95_shift').why, /^Inconclusive, capped by few blocks: .*no interval/);
    assert.ok(analysis.warnings.find((w) => w.code === 'few_blocks')!.caps.includes('gateway.felt_p95_shift'));
    assert.equal(judged(analysis, 'native.correlation').result, 'held');
  });

  it('an aborted campaign, or too many void blocks: counts are open, too', async () => {
    const counted = { thresholds: thresholds({ 'native.correlation': '= 100 %' }), sessions: [latency, correlation] };
    const fine = await campaign(counted);
    assert.equal(judged(fine.analysis, 'native.correlation').result, 'held');

    const file = join(fine.dir, 'manifest.json');
    writeFileSync(file, JSON.stringify({ ...fine.manifest, status: 'aborted' }));
    const aborted = judged(await analyse(fine.dir, digest), 'native.correlation');
    assert.match(aborted.why, /^Inconclusive, capped by aborted/);

    const noisy = await campaign({ ...counted, blocks: 8, voided: [0, 3] });
    assert.match(judged(noisy.analysis, 'native.correlation').why, /^Inconclusive, capped by voided blocks/);
    const once = await campaign({ ...counted, blocks: 8, voided: [3] });
    assert.equal(judged(once.analysis, 'native.correlation').result, 'held');
  });

  it('a phase or an arm that was not run leaves them open', async () => {
    const { analysis } = await campaign({
      arms: arms.filter((a) => a.arm !== 'gateway'),
      thresholds: thresholds({
        'native.retry401': '< 5 %',
        'gateway.felt_p95_shift': '< 1 ms',
        'gateway.p95': '< 1 s',
        correlation: '= 100 %',
      }),
    });
    for (const t of analysis.thresholds) assert.equal(t.result, 'inconclusive', t.threshold);
    assert.match(judged(analysis, 'gateway.p95').why, /not measured in this campaign/);
    assert.match(judged(analysis, 'native.retry401').why, /nothing was measured/);
  });

  it('equal arms that are not shown to be equal cap times, and only those', async () => {
    const { analysis } = await campaign({
      arms: arms.map((a) => (a.arm === 'direct-b' ? { ...a, agent_us: 400 } : a)),
      sessions: [latency, lifecycle],
      thresholds: thresholds({
        'gateway.felt_p95_shift': '< 1 ms',
        'gateway.retry401': '< 5 %',
        'gateway.p95': '< 1 s',
      }),
    });
    assert.ok(codes(analysis).includes('aa_fails'));
    assert.equal(judged(analysis, 'gateway.felt_p95_shift').result, 'inconclusive');
    assert.equal(judged(analysis, 'gateway.retry401').result, 'held');
    assert.equal(judged(analysis, 'gateway.p95').result, 'held');
  });

  it('neighbouring blocks that are alike cap what they could turn, and of what they could not it is said', async () => {
    const slower = (a: (typeof arms)[number]) =>
      a.arm === 'gateway' ? { ...a, opened_agent: 'block % 8 < 4', connect_us: 60 } : a;
    const { analysis } = await campaign({
      blocks: 24,
      arms: arms.filter((a) => ['direct', 'direct-b', 'native', 'gateway'].includes(a.arm)).map(slower),
      sessions: [latency],
      noise_us: 10,
      block_sd_us: 5,
      thresholds: thresholds({ 'gateway.felt_p95_shift': '< 1 ms', 'decision.felt_p95_shift': '< 290 µs' }),
    });
    const far = judged(analysis, 'gateway.felt_p95_shift');
    assert.equal(far.result, 'held');
    assert.match(
      far.why,
      /from it\. Neighbouring blocks are alike, which cannot turn this: in tool-chain, instant\/c1\/http each of the 24 blocks by itself .* times as wide\.$/,
    );
    const near = judged(analysis, 'decision.felt_p95_shift');
    assert.equal(near.result, 'inconclusive');
    assert.match(near.why, /^Inconclusive, capped by neighbouring blocks are alike/);
    assert.doesNotMatch(near.why, /cannot turn/);
  });

  it('none required, none judged', async () => {
    const { analysis } = await campaign({ blocks: 1, sessions: [{ ...latency, rounds: 1 }] });
    assert.deepEqual(analysis.thresholds, []);
  });
});
