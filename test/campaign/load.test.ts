import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { analysisSchema } from '#contract/analysis.ts';
import { type Ended, scratch, weighbridge } from './harness.ts';
import { manifestOf, query } from './killing.ts';

const place = scratch();
const dir = join(place.dir, 'load');
let ran: Ended;

const yaml = `load: {probe: autocannon}
claims:
  carries: {arm: gateway, metric: frontier_p99_10ms, at_least: 10 /s}
thresholds:
  added.saturation_ratio: '> 1 %'
`;

before(async () => {
  const file = join(place.dir, 'campaign.yaml');
  writeFileSync(file, yaml);
  const args = ['--profile', 'smoke', '--phases', 'load', '--arms', 'gateway', '--seed', 'pressed'];
  ran = await weighbridge(['run', file, ...args, '--out', dir]);
});
after(() => place.remove());

const analysis = () => analysisSchema.parse(JSON.parse(readFileSync(join(dir, 'analysis.json'), 'utf8')));

test('the load phase runs alone, after parity, and gives a whole report', async () => {
  assert.equal(ran.code, 98, `two blocks leave a threshold open: ${ran.stderr}`);
  const { plan, parity, blocks } = manifestOf(dir);
  assert.deepEqual(plan.phases, ['parity', 'load']);
  assert.ok(parity.length > 0 && parity.every((p) => p.ok));
  assert.equal(blocks.length, 2);
  assert.equal((await weighbridge(['verify', dir])).code, 0);
  const html = readFileSync(join(dir, 'report.html'), 'utf8');
  assert.match(html, /Under load/);
  assert.match(html, /This is a short load phase/);
  assert.doesNotMatch(html, /The load phase was not run in this campaign/);
});

test('every arm met the same calls at the same due times, in every step of every block', async () => {
  const steps = await query(
    dir,
    `select block, step, arm, pace, rate_per_s, workers, count(*) n, string_agg(due_us, ',' order by call) due,
       count(*) filter (outcome = 'ok') ok from {load} where pace <> 'probe' group by all order by block, step, arm`,
  );
  const { load } = manifestOf(dir).plan;
  assert.equal(steps.length, 2 * 3 * (load!.rates_per_s.length + load!.workers.length));
  for (let i = 0; i < steps.length; i += 3) {
    const [one, ...others] = steps.slice(i, i + 3);
    assert.deepEqual([one!.arm, ...others.map((o) => o.arm)], ['direct', 'direct-b', 'gateway']);
    assert.ok(Number(one!.ok) > 0, 'calls were served');
    for (const other of others) {
      assert.deepEqual([one!.block, one!.step], [other.block, other.step]);
      if (one!.pace === 'open') assert.deepEqual([one!.n, one!.due], [other.n, other.due]);
      assert.ok(Number(other.ok) > 0, 'calls were served');
    }
  }
});

test('an arm has the machine to itself: no step of one arm overlaps one of another', async () => {
  const overlaps = await query(
    dir,
    `select * from (select arm, b, lag(e) over (order by b) as was from (
       select arm, block, step, min(start_ns) b, max(start_ns + elapsed_ns) e from {load} group by all)) where b < was`,
  );
  assert.deepEqual(overlaps, []);
});

test('nothing was noted by the tiers, and what each of them used was read', async () => {
  for (const name of ['calls', 'attempts', 'spans', 'logs'])
    assert.equal(Number((await query(dir, `select count(*) n from {${name}}`))[0]!.n), 0, name);
  const used = await query(
    dir,
    'select tier, count(distinct pid) pids, min(cpu_ns) cpu, min(peak_rss_bytes) rss from {resources} group by tier order by tier',
  );
  assert.deepEqual(
    used.map((u) => [u.tier, Number(u.pids)]),
    [
      ['weighbridge-agent', 6],
      ['weighbridge-gateway', 2],
      ['weighbridge-tools', 6],
    ],
    'fresh tiers for each arm and block',
  );
  assert.ok(used.every((u) => Number(u.cpu) > 0 && Number(u.rss) > 10 * 2 ** 20));
});

test('the analysis has the figures of each arm, and says what it rests on', () => {
  const { load, gates } = analysis();
  assert.deepEqual(
    load!.arms.map((a) => a.arm),
    ['direct', 'direct-b', 'gateway'],
  );
  for (const arm of load!.arms) {
    assert.ok(arm.saturation!.served_per_s > 0);
    assert.ok(arm.knee !== null);
    assert.ok(arm.open.every((s) => s.cpu_us_per_call! > 0));
    assert.ok(
      arm.frontier.every((f) => f.rate_per_s === null && f.ci95 === null),
      'too few calls for a p99',
    );
  }
  assert.ok(gates.some((g) => g.name === 'load generator on time' && g.block === 1));
});

test('a probe of tools and gateway alone: raw samples stored, own quantiles, in no figure of an arm', async () => {
  const runs = await query(
    dir,
    `select arm, condition, workers, block, count(*) n, count(*) filter (outcome = 'ok') ok, count(distinct rate_per_s) rates
       from {load} where pace = 'probe' group by all order by arm, condition, workers, block`,
  );
  const { probe } = manifestOf(dir).plan.load!;
  assert.equal(runs.length, 2 * 2 * probe!.connections.length);
  assert.ok(runs.every((r) => Number(r.n) > 0 && Number(r.ok) === Number(r.n) && Number(r.rates) === 0));
  const { load, gates } = analysis();
  assert.deepEqual(
    load!.probes.map((p) => [p.target, p.arm, p.connections, p.blocks]),
    [
      ['tools', 'direct', 1, 2],
      ['tools', 'direct', 4, 2],
      ['gateway', 'gateway', 1, 2],
      ['gateway', 'gateway', 4, 2],
    ],
  );
  assert.ok(load!.probes.every((p) => p.p50!.us > 0 && p.served_per_s > 0));
  const { rates_per_s, workers } = manifestOf(dir).plan.load!;
  for (const arm of load!.arms)
    assert.deepEqual([arm.open.length, arm.closed.length], [rates_per_s.length, workers.length]);
  assert.ok(gates.some((g) => g.name === 'probe of gateway (gateway) complete' && !g.voids));
  assert.match(readFileSync(join(dir, 'report.html'), 'utf8'), /autocannon against one tier alone/);
});

test('claims and thresholds on load are judged: two blocks decide nothing, and it says so', () => {
  const { verdicts, thresholds } = analysis();
  const [carries] = verdicts;
  assert.equal(carries!.verdict, 'inconclusive');
  assert.match(carries!.why, /gateway under load: not estimated/);
  assert.equal(thresholds[0]!.result, 'inconclusive');
  assert.match(ran.stderr + ran.stdout, /2 blocks give no interval|few blocks/);
  const adr = readFileSync(join(dir, 'adr.md'), 'utf8');
  assert.match(adr, /Throughput and its price, each arm pressed alone/);
  assert.match(readFileSync(join(dir, 'junit.xml'), 'utf8'), /added\.saturation_ratio &gt; 1 %/);
});

test('what the gateways and agents wrote meanwhile is gone', () => assert.ok(!existsSync(join(dir, '.work'))));
