/** Thresholds from campaign.yaml to the exit code; and two campaigns compared by the command, as a user would. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { analysisSchema } from '#contract/analysis.ts';
import type { CampaignChanges } from '#contract/changes.ts';
import { writeSynthetic } from '../../bench/analysis/synthetic.ts';
import { arms, latency } from '../../bench/analysis/testing.ts';
import { scratch, weighbridge } from './harness.ts';

const place = scratch();
after(() => place.remove());

const campaignFile = (name: string, thresholds: string): string => {
  const file = join(place.dir, name);
  writeFileSync(
    file,
    `version: 1\nprofile: smoke\narms: [direct, direct-b]\nconditions: [{service: instant}]\nthresholds:\n${thresholds}`,
  );
  return file;
};

/** On a machine that others load, every block is void, and then counts decide nothing either. */
test('a threshold that broke ends a run with 99; one that is open shows beside it', async () => {
  const dir = join(place.dir, 'broke');
  const file = campaignFile(
    'broke.yaml',
    "  direct.retry401: '= 0 %'\n  aa.felt_p50_shift: '< 1 ms'\n  error_rate: '<= 100 %'\n",
  );
  const { code, stdout, stderr } = await weighbridge(['run', file, '--phases', 'lifecycle', '--out', dir]);
  const { thresholds, warnings } = analysisSchema.parse(JSON.parse(readFileSync(join(dir, 'analysis.json'), 'utf8')));
  const isVoid = warnings.some((w) => w.code === 'every_block_void');
  assert.deepEqual(
    thresholds.map((t) => t.result),
    [isVoid ? 'inconclusive' : 'broke', 'inconclusive', 'inconclusive'],
  );
  assert.equal(code, isVoid ? 98 : 99, stderr);
  assert.match(
    stderr,
    isVoid
      ? /UNFIT: 3 of 3 thresholds are inconclusive:/
      : /THRESHOLD: 1 of 3 thresholds broke, 2 are inconclusive:\n {2}direct\.retry401 = 0 %: Broke: .* too many for the required = 0 %\./,
  );
  assert.match(stdout, /= 0 % +direct\.retry401/);
  assert.match(readFileSync(join(dir, 'junit.xml'), 'utf8'), /<testsuite name="thresholds" tests="3"/);
  assert.match(readFileSync(join(dir, 'summary.md'), 'utf8'), /\| direct\.retry401 \| \\= 0 % \|/);
  const again = await weighbridge(['report', dir]);
  assert.equal(again.code, 0, 'a report is a report, whatever is in it');
});

test('thresholds that are open end a run with 98', async () => {
  const file = campaignFile('open.yaml', "  direct.p95: '< 10 s'\n");
  const { code, stderr } = await weighbridge(['run', file, '--phases', 'lifecycle', '--out', join(place.dir, 'open')]);
  assert.equal(code, 98, stderr);
  assert.match(stderr, /1 of 1 thresholds are inconclusive/);
});

test('a threshold that cannot be read ends with 104 before anything runs', async () => {
  const out = join(place.dir, 'never');
  const { code, stderr } = await weighbridge([
    'run',
    campaignFile('bad.yaml', "  direct.p95: '< 10 %'\n"),
    '--out',
    out,
  ]);
  assert.equal(code, 104);
  assert.match(stderr, /thresholds\.direct\.p95: found "%", expected a unit of time for p95: µs, ms or s/);
  assert.ok(!existsSync(out));
});

test('compare: from the raw data of two directories, as text and as JSON', async () => {
  const [a, b] = [join(place.dir, 'A'), join(place.dir, 'B')];
  const options = { blocks: 8, sessions: [latency], noise_us: 30, block_sd_us: 4 };
  const few = arms.filter((x) => ['direct', 'direct-b', 'native', 'gateway'].includes(x.arm));
  await writeSynthetic({ ...options, dir: a, seed: 'a', arms: few });
  const slower = few.map((x) => (x.arm === 'gateway' ? { ...x, gateway_us: 350 } : x));
  await writeSynthetic({ ...options, dir: b, seed: 'b', arms: slower });
  // Neither has an analysis.json: what it would say is not read.
  const { code, stdout, stderr } = await weighbridge(['compare', a, b]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /They differ in\n {2}seed: a → b/);
  assert.match(
    stdout,
    /larger: felt_p95_shift of gateway − native, tool-chain · instant\/c1\/http\n {2}Larger in B: B − A is 0\.1\d+ ms/,
  );
  const json = await weighbridge(['compare', a, b, '--json']);
  const found = JSON.parse(json.stdout) as CampaignChanges;
  assert.equal(found.standing, 'with_care');
  assert.ok(found.changes.length > 20);

  for (const args of [
    ['compare', a],
    ['compare', a, a],
    ['compare', a, place.dir],
    ['compare', join(place.dir, 'nowhere'), a],
  ])
    assert.equal((await weighbridge(args)).code, 104, args.join(' '));
  assert.equal((await weighbridge(['report', b])).code, 0);
  appendFileSync(join(b, 'campaign.yaml'), '# later\n');
  assert.equal((await weighbridge(['compare', a, b])).code, 106);
});
