/** The committed reference campaign is what this code makes of its raw data, and the README says what it says. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { calibrationSchema } from '#contract/calibration.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { Race } from '#contract/security.ts';
import { root, scratch, weighbridge } from './campaign/harness.ts';

const reference = join(root, 'results/reference');
const place = scratch();
after(() => place.remove());

const files = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(dir, path)).isFile())
    .sort();
const readme = readFileSync(join(root, 'README.md'), 'utf8');
/** A standard campaign's raw data take some 0.9 MiB a block: twenty blocks, and what is made of them. */
const largest_MiB = 20;
/** Without line ends and the marks of a quotation. */
const running = (text: string): string => text.replace(/\n>? ?/g, ' ');

test('it is no larger than a standard campaign must be, and verifies', async () => {
  const bytes = files(reference).reduce((sum, path) => sum + statSync(join(reference, path)).size, 0);
  assert.ok(bytes <= largest_MiB * 2 ** 20, `${bytes} bytes`);
  const { code, stdout } = await weighbridge(['verify', reference]);
  assert.equal(code, 0, stdout);
});

test('it was measured by code that is committed, in blocks that count', () => {
  const {
    weighbridge: by,
    profile,
    blocks,
  } = JSON.parse(readFileSync(join(reference, 'manifest.json'), 'utf8')) as Manifest;
  assert.equal(by.dirty, false);
  assert.equal(profile, 'standard');
  assert.ok(blocks.length >= 20, `${blocks.length}`);
  assert.ok(blocks.every((b) => b.voided === null));
});

test('it carries a calibration of its own kind by the same code: no increment is wrong, and no known margin', () => {
  const { campaign, increments, margins, observer } = calibrationSchema.parse(
    JSON.parse(readFileSync(join(reference, 'calibration.json'), 'utf8')),
  );
  assert.deepEqual([campaign.profile, campaign.status], ['standard', 'complete']);
  const { calibration } = JSON.parse(readFileSync(join(reference, 'analysis.json'), 'utf8')) as Analysis;
  assert.deepEqual([calibration?.own, calibration?.differs], [false, []]);
  const judged = increments.filter((i) => i.result !== null);
  assert.equal(judged.length, 8, 'four increments at p50 and p95');
  for (const { arm_ms, baseline_ms, metric, result, error_ci90, limit_us } of judged) {
    const what = `${arm_ms} - ${baseline_ms} ms, ${metric}: ${error_ci90}`;
    assert.ok(error_ci90 && limit_us, what);
    assert.ok(error_ci90[0] <= limit_us && error_ci90[1] >= -limit_us, what);
    const isInside = error_ci90[0] > -limit_us && error_ci90[1] < limit_us;
    if (result === 'resolved') assert.ok(isInside, what);
    else assert.equal(result, 'not resolved', what);
  }
  assert.ok(margins.length >= 3);
  for (const { claim, result } of margins) assert.ok(result === 'right' || result === 'undecided', claim);
  for (const telemetry of ['light', 'full'])
    assert.ok(
      observer.some((o) => o.arm_telemetry === telemetry),
      telemetry,
    );
});

test('its outcome is rebuilt to the same bytes', async () => {
  const copy = join(place.dir, 'reference');
  cpSync(reference, copy, { recursive: true });
  const { code, stderr } = await weighbridge(['report', copy]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(files(copy), files(reference));
  for (const path of files(reference))
    assert.ok(readFileSync(join(copy, path)).equals(readFileSync(join(reference, path))), `${path} differs`);
});

test('the README quotes its decision record, and gives its verdicts with their figures', () => {
  const quoted = /\n((?:> .*\n)+)/.exec(readme)![1]!;
  const sentence = running(quoted).replace(/^> /, '').trim();
  assert.ok(running(readFileSync(join(reference, 'adr.md'), 'utf8')).includes(sentence), sentence);

  const analysis = JSON.parse(readFileSync(join(reference, 'analysis.json'), 'utf8')) as Analysis;
  for (const { claim, verdict, evidence } of analysis.verdicts) {
    const row = readme.split('\n').find((line) => line.startsWith(`| ${claim}:`));
    assert.ok(row, `no row of ${claim}`);
    assert.equal(/\| \**(\w+)\**/.exec(row.slice(row.indexOf(' | ')))![1], verdict, claim);
    for (const { pointer, estimate, unit } of evidence) {
      if (estimate === null || !pointer.startsWith('/comparisons/')) continue;
      const shown = unit === 'us' ? (estimate / 1_000).toFixed(2) : (estimate * 100).toFixed(1).replace('-', '−');
      assert.ok(row.includes(shown), `${claim}: ${shown}`);
    }
  }
});

test('the committed races: no escalation in 2,000 trials of the hardened agent, every call served; before the fix most escalate', () => {
  const races = JSON.parse(readFileSync(join(root, 'results/races.json'), 'utf8')) as Race[];
  const of = (strategy: string) => races.filter((r) => r.strategy === strategy);
  const sum = (rows: readonly Race[], key: 'trials' | 'escalated' | 'served' | 'calls'): number =>
    rows.reduce((n, r) => n + r[key], 0);
  const hardened = of('hardened');
  assert.ok(sum(hardened, 'trials') >= 2_000);
  assert.equal(sum(hardened, 'escalated'), 0);
  assert.equal(sum(hardened, 'served'), sum(hardened, 'calls'));
  const before = of('regressed').toSorted((a, b) => a.gap_ms - b.gap_ms);
  assert.equal(before[0]!.gap_ms, 0);
  assert.ok(before[0]!.ci95[0] > 0.5 && before.at(-1)!.escalated < before[0]!.escalated);
});
