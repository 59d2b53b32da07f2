import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { analysisSchema } from '#contract/analysis.ts';
import { type Ended, scratch, weighbridge } from './harness.ts';
import { manifestOf, query } from './killing.ts';

const place = scratch();
const dir = join(place.dir, 'load');
let ran: Ended;

before(async () => {
  const args = ['--profile', 'smoke', '--phases', 'load', '--arms', 'direct,direct-b', '--seed', 'pressed'];
  ran = await weighbridge(['run', ...args, '--out', dir]);
});
after(() => place.remove());

const analysis = () => analysisSchema.parse(JSON.parse(readFileSync(join(dir, 'analysis.json'), 'utf8')));

test('the load phase runs alone, after parity, and gives a whole report', async () => {
  assert.equal(ran.code, 0, ran.stderr);
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
       count(*) filter (outcome = 'ok') ok from {load} group by all order by block, step, arm`,
  );
  const { load } = manifestOf(dir).plan;
  assert.equal(steps.length, 2 * 2 * (load!.rates_per_s.length + load!.workers.length));
  for (let i = 0; i < steps.length; i += 2) {
    const [one, other] = [steps[i]!, steps[i + 1]!];
    assert.deepEqual([one.block, one.step, one.arm, other.arm], [other.block, other.step, 'direct', 'direct-b']);
    if (one.pace === 'open') assert.deepEqual([one.n, one.due], [other.n, other.due]);
    assert.ok(Number(one.ok) > 0, 'calls were served');
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
      ['weighbridge-agent', 4],
      ['weighbridge-tools', 4],
    ],
    'fresh tiers for each arm and block',
  );
  assert.ok(used.every((u) => Number(u.cpu) > 0 && Number(u.rss) > 10 * 2 ** 20));
});

test('the analysis has the figures of each arm, and says what it rests on', () => {
  const { load, gates } = analysis();
  assert.deepEqual(
    load!.arms.map((a) => a.arm),
    ['direct', 'direct-b'],
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

test('what the gateways and agents wrote meanwhile is gone', () => assert.ok(!existsSync(join(dir, '.work'))));
