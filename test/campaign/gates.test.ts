/**
 * One campaign in which the machine, the generator, the collector and an arm are made to fail, a block each: what is the
 * instrument's fault voids the block by name, what is the arm's own is an outcome, and nothing of it decides anything.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Analysis } from '#contract/analysis.ts';
import { type LoadReport, loadOutcomes } from '#contract/calls.ts';
import { analyse } from '../../bench/analysis/index.ts';
import { freePort } from '../../bench/bench/relays.ts';
import { parseCampaign } from '../../bench/campaign/config/index.ts';
import { planInputOf } from '../../bench/campaign/input.ts';
import { judgeLoad, lagP99_us } from '../../bench/campaign/load/gates.ts';
import { runCampaign } from '../../bench/campaign/run.ts';
import { stepFigures } from '../../bench/load/figures.ts';
import { workloads } from '../../bench/workloads/index.ts';
import { childrenOf, scratch } from './harness.ts';
import { manifestOf, query } from './killing.ts';
import { type Exchange, type Relay, startRelay } from './relay.ts';
import { Watching } from './watching.ts';

/**
 * First one arm is slow; then, in the only load part, an agent is late and an arm saturated. Next a hog runs beside the
 * campaign, and one arm fails at once. Last the agents are late, and the collector refuses what they noted.
 */
const block = { slow: 0, load: 0, hogged: 1, failing: 1, late: 2, refused: 2 } as const;
const blocks = 3;
/** Six rounds of twenty kept calls on two arms: the p99 of 240 is the third slowest. */
const rounds = 6;
const slow_ms = 30;
/** More a second than a relay that takes one at a time can serve; enough of them for a p99. */
const tooMany_per_s = 2_800;
const load = {
  blocks: 1,
  rates_per_s: [50, tooMany_per_s],
  least_s: 1,
  workers: [1],
  closed_s: 0.2,
  max_in_flight: 20,
};

const place = scratch();
const dir = join(place.dir, 'campaign');
const notes: string[] = [];
let analysis: Analysis;

/** Takes the processor's time, from outside of the campaign, once it is told to; a minute at most. */
const hog = `process.stdin.once('data', () => { const end = Date.now() + 60_000; while (Date.now() < end); process.exit(); })`;
/** So many that the share of all cores is far above the limit. */
const startHogs = () =>
  Array.from({ length: Math.ceil(availableParallelism() / 4) }, () =>
    spawn(process.execPath, ['-e', hog], { stdio: ['pipe', 'ignore', 'ignore'] }),
  );

/** In between the tiers and the collector, so that it can refuse what they export. */
class Listening extends Watching {
  exports: Relay | undefined;
  override async ready<T>(tier: { name: string; pid: number }, answer: Promise<T>): Promise<T> {
    const said = await super.ready(tier, answer);
    if (tier.name !== 'collector') return said;
    this.exports = await startRelay(Number(new URL((said as { otlp: string }).otlp).port));
    return { ...said, otlp: this.exports.url };
  }
}

const refuse =
  (status: number) =>
  ({ outgoing }: Exchange) =>
    void outgoing.writeHead(status).end();
const passOn = ({ pass }: Exchange): void => void pass();
/** One after the other, each after a pause. */
function oneByOne(): Relay['deal'] {
  let last = Promise.resolve();
  return ({ pass }) => {
    last = last.then(() => pause(5)).then(pass);
  };
}

async function provoke(): Promise<void> {
  mkdirSync(dir);
  const upstream = await freePort();
  const relay = await startRelay(upstream);
  const text = `version: 1
profile: smoke
seed: gates
gateways:
  relay: {attach: '${relay.url}', product: relay@1, upstream: 'http://127.0.0.1:${upstream}'}
arms:
  direct: {agent: builtin, controls: off}
  relay: {agent: builtin, controls: off, gateway: relay}
conditions: [{service: instant}]
thresholds: {relay.p95: '< 10 s', relay.felt_p95_shift: '< 10 s', direct.error_rate: '= 0 %'}
`;
  const read = parseCampaign(text);
  const config = { ...read, profile: { ...read.profile, blocks, rounds } };
  const input = planInputOf(config, workloads, ['latency', 'load']);
  const plan = { ...input, warm_up_slices: 1, blocks, load: { ...input.load, ...load } };
  const supervisor = new Listening({ diagnostics: join(dir, 'diagnostics') });
  const hogs = startHogs();
  const heldUp = { NODE_OPTIONS: `--import=${new URL('./held-up.ts', import.meta.url)}` };
  /** Spans and lines of one tier. */
  const refuseEachOnce = (): void => {
    const left = new Set(['/v1/traces', '/v1/logs']);
    supervisor.exports!.deal = (exchange) => {
      if (left.delete(exchange.incoming.url!)) refuse(400)(exchange);
      else passOn(exchange);
    };
  };
  /** Once the first slice of the block is over. */
  const begin: Record<number, () => void> = {
    [block.slow]: () => {
      relay.deal = ({ pass }) => void setTimeout(pass, slow_ms);
      // The next tiers to start are those of the load part.
      supervisor.envOf = (name) => (name === 'agent of direct' ? heldUp : undefined);
      supervisor.onStart = (name) => {
        relay.deal = name === 'agent of relay' ? oneByOne() : relay.deal;
      };
    },
    [block.hogged]: () => {
      for (const { stdin } of hogs) stdin.write('now');
      relay.deal = refuse(500);
    },
    [block.late]: refuseEachOnce,
  };
  /** Before the tiers of the next block are started. */
  const between = (next: number): void => {
    relay.deal = passOn;
    supervisor.onStart = () => {};
    supervisor.envOf = (name) => (next === block.late && name.startsWith('agent') ? heldUp : undefined);
  };
  try {
    const { status, error } = await runCampaign({
      id: 'gates',
      config,
      plan,
      dir,
      yaml: text,
      supervisor,
      progress: {
        step({ block }) {
          begin[block!]?.();
          delete begin[block!];
        },
        note: (note) => notes.push(note),
        end: () => undefined,
      },
      stored({ block: stored }) {
        between(stored + 1);
        if (stored === block.hogged) for (const child of hogs) child.kill('SIGKILL');
      },
      // What is no measurement must not cost one.
      policy: () => Promise.reject(new Error('a manifest that cannot be read')),
      signal: new AbortController().signal,
    });
    assert.equal(status, 'complete', error?.explain());
  } finally {
    for (const child of hogs) child.kill('SIGKILL');
    relay.die();
    supervisor.exports?.die();
  }
  analysis = await analyse(dir, 'd'.repeat(64));
}

before(provoke);
after(() => place.remove());

const recordOf = (number: number) => manifestOf(dir).blocks.find((b) => b.block === number)!;
const gateOf = (number: number, name: string) => recordOf(number).gates.find((g) => g.name === name)!;
/** It failed, voided the block, and everybody is told so. */
function assertVoided(number: number, name: string): void {
  const gate = gateOf(number, name);
  assert.deepEqual([gate.ok, gate.voids], [false, true], `${name}: ${gate.value} of ${gate.limit} ${gate.unit}`);
  assert.ok(recordOf(number).voided!.includes(`${name}: `), recordOf(number).voided!);
  assert.ok(notes.some((note) => note.startsWith(`block ${number} `) && note.includes(`${name}: `)));
  assert.ok(analysis.warnings.some((w) => /void/.test(w.code) && w.message.includes(name)));
}

test('others take the processor’s time: foreign load', () => assertVoided(block.hogged, 'foreign load'));

test('the agents are held up, between their calls too: generator on time', () => {
  assertVoided(block.late, 'generator on time');
  assert.ok(gateOf(block.late, 'generator on time').value! >= 5_000, 'late by about as long as they were held');
});

test('an agent is held up under a load that leaves it idle: load generator on time', () => {
  assertVoided(block.load, 'load generator on time');
  assert.ok(gateOf(block.load, 'load generator on time').value! >= 5_000);
});

test('the collector refuses spans and lines: they are counted as dropped, and void; elsewhere none is', () => {
  assertVoided(block.refused, 'no span lost');
  assertVoided(block.refused, 'no log line lost');
  assert.ok(gateOf(block.refused, 'no log line lost').value! > 0);
  const sum = (number: number, field: 'spans_started' | 'spans_exported' | 'spans_dropped'): number =>
    recordOf(number).telemetry.reduce((n, t) => n + t[field], 0);
  const lost = gateOf(block.refused, 'no span lost').value!;
  assert.ok(lost > 0);
  assert.equal(sum(block.refused, 'spans_dropped'), lost);
  assert.equal(sum(block.refused, 'spans_started') - sum(block.refused, 'spans_exported'), lost);
  for (const number of [block.slow, block.hogged])
    for (const name of ['no span lost', 'no log line lost'])
      assert.deepEqual([gateOf(number, name).ok, gateOf(number, name).value], [true, 0], `block ${number}: ${name}`);
});

test('a slow arm makes no late generator: it is slow', async () => {
  const [relay] = await query(
    dir,
    `select median(latency_ns) / 1e6 as ms from {calls} where arm = 'relay' and phase = 'latency' and block = ${block.slow} and round > 0`,
  );
  assert.ok(Number(relay!.ms) >= slow_ms, `${relay!.ms} ms`);
  // Nothing of that is in the lateness, whatever the machine may have added to it.
  const { value } = gateOf(block.slow, 'generator on time');
  assert.ok(value! < slow_ms * 1_000, `${value} µs late`);
});

/** A step of load as the agent reported it, from its rows. */
async function reportOf(arm: string, rate_per_s: number): Promise<LoadReport> {
  const rows = await query(
    dir,
    `select * from {load} where arm = '${arm}' and rate_per_s = ${rate_per_s} and pace = 'open' order by call`,
  );
  const column = (name: string): number[] => rows.map((row) => Number(row[name]));
  const ns = (name: string) => Float64Array.from(column(name), (us) => us * 1_000);
  const [first] = rows;
  return {
    pace: 'open',
    start_ns: 0n,
    elapsed_ns: Number(first!.elapsed_ns),
    timeout_ns: Number(first!.timeout_ns),
    in_flight_peak: Number(first!.in_flight_peak),
    connections_opened: 0,
    refusals: [],
    due_ns: ns('due_us'),
    lag_ns: ns('lag_us'),
    latency_ns: ns('latency_us'),
    outcome: Uint8Array.from(rows, (row) => loadOutcomes.indexOf(row.outcome as never)),
    attempts: Uint8Array.from(column('attempts')),
    unauthorized: Uint8Array.from(column('unauthorized')),
  };
}

test('an arm that gets more than it can serve is saturated: its p99 has no end, and its generator is not blamed', async () => {
  const report = await reportOf('relay', tooMany_per_s);
  const { p99, by_outcome, in_flight_peak } = stepFigures([report]);
  assert.ok(by_outcome.unsent > 0 && by_outcome.ok > 0, JSON.stringify(by_outcome));
  assert.equal(in_flight_peak, load.max_in_flight);
  assert.equal(p99!.at_least, true);
  /** The gate on these calls, had each of them started so late on tiers that had next to nothing to do. */
  const judged = (lag_us: number) => {
    const lag_p99_us = lagP99_us({ ...report, lag_ns: report.lag_ns.map(() => lag_us * 1_000) }, 0.2);
    const steps = [{ arm: 'relay', lag_p99_us, cpu_shares: [0.1, 0.1] }];
    const [gate] = judgeLoad({ block: block.load, steps, machine: { before: null, after: null }, ours_cpu_ns: 0n });
    return [gate!.ok, gate!.value];
  };
  // What the machine added to their lateness is not the arm's; what they waited for, and went unsent by, is.
  assert.deepEqual(judged(200), [true, 200]);
  assert.deepEqual(judged(1_100), [false, 1_100]);
});

test('an arm that answers 500 at once fails, and is never fast', async () => {
  const [ended] = await query(
    dir,
    `select count(*) n, count(*) filter (outcome = 'failed' and status = 500 and error_type = '500') failed from {calls}
     where arm = 'relay' and phase = 'latency' and block = ${block.failing} and round > 0`,
  );
  assert.ok(Number(ended!.n) > 0);
  assert.equal(ended!.failed, ended!.n);
  const row = analysis.arms.find((a) => a.arm === 'relay' && a.phase === 'latency')!;
  assert.ok(row.outcomes.failed > 0.05 * (row.outcomes.ok + row.outcomes.failed));
  assert.deepEqual([row.p95_us, row.p95_ci], [null, null]);
  assert.ok(analysis.warnings.some((w) => w.code === 'unanswered' && w.message.includes('relay')));
  const compared = analysis.comparisons.filter((c) => c.arm === 'relay' && c.phase === 'latency');
  // Where a block's quantile is beyond all answers, and where only the answered have a time, there is no figure to be fast by:
  // none of felt_p50_shift, felt_p95_shift, felt_p99_shift, felt_mean_shift, cold_p50_shift, task_mean_shift, cpu_per_call_shift.
  assert.deepEqual(
    compared.map(({ metric }) => metric),
    ['error_rate_shift'],
  );
  // All of that block but the round in which it began, and all blocks, each void, are what it is of.
  const rateOf = (arm: string): number => {
    const { outcomes } = analysis.arms.find((a) => a.arm === arm && a.phase === 'latency')!;
    return outcomes.failed / (outcomes.ok + outcomes.failed);
  };
  const { estimate } = compared[0]!;
  assert.ok(estimate >= (rounds - 1) / rounds / blocks - 0.01, `${estimate}`);
  assert.ok(Math.abs(estimate - (rateOf('relay') - rateOf('direct'))) < 0.01, `${estimate}`);
});

test('nothing is decided, and everything says why', () => {
  const { verdicts, thresholds, campaign } = analysis;
  assert.ok(campaign.blocks.voided === blocks && verdicts.length > 0 && thresholds.length === 3);
  for (const { claim, verdict, why } of verdicts) {
    assert.equal(verdict, 'inconclusive', claim);
    assert.match(why, /every block void/, claim);
  }
  for (const { threshold, result, why } of thresholds) {
    assert.equal(result, 'inconclusive', threshold);
    assert.match(why, /every block void/, threshold);
  }
});

test('policies that cannot be compared leave a complete campaign without them, and a remark that says why', () => {
  const { status, policy, remarks } = manifestOf(dir);
  assert.deepEqual([status, policy], ['complete', undefined]);
  assert.ok(remarks.some((remark) => remark.endsWith('both sides’ policies: a manifest that cannot be read')));
  assert.equal(analysis.policy, undefined);
});

test('no process is left', () => assert.deepEqual(childrenOf(process.pid), []));
