/** The committed coverage proof: real blocks, recorded once, and what the intervals' promise is worth on them. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { coverageSchema, type WrongMethod } from '#contract/coverage.ts';
import { root, scratch, weighbridge } from './campaign/harness.ts';

const committed = join(root, 'results/coverage');
const place = scratch();
after(() => place.remove());

describe('the coverage proof', () => {
  const proof = coverageSchema.parse(JSON.parse(readFileSync(join(committed, 'coverage.json'), 'utf8')));
  const proven = () => proof.series.filter((s) => s.comparison !== 'hop');
  const readme = readFileSync(join(root, 'README.md'), 'utf8').replace(/\n/g, ' ');
  const worst = (method: WrongMethod, comparison: string, metric?: string): number =>
    Math.min(
      ...proof.series
        .filter((s) => s.comparison === comparison && (metric === undefined || s.metric === metric))
        .flatMap((s) => s.wrong.filter((w) => w.method === method && w.fails).map((w) => w.coverage)),
    );

  it('is small, and rebuilt from its calls to the same bytes', async () => {
    const files = readdirSync(committed);
    const bytes = files.reduce((sum, name) => sum + statSync(join(committed, name)).size, 0);
    assert.ok(bytes <= 2.5 * 2 ** 20, `${bytes} bytes`);
    const copy = join(place.dir, 'coverage');
    cpSync(committed, copy, { recursive: true });
    const { code, stderr } = await weighbridge(['coverage', 'report', copy]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(readdirSync(copy).sort(), files.sort());
    for (const name of files)
      assert.ok(readFileSync(join(copy, name)).equals(readFileSync(join(committed, name))), `${name} differs`);
  });

  it('was recorded by code that is committed, with enough calls a block for a p95', () => {
    assert.equal(proof.recorded.dirty, false);
    assert.ok(proof.recorded.kept_calls >= 300, `${proof.recorded.kept_calls}`);
    assert.equal(proof.series.filter((s) => s.metric === 'felt_p95_shift').length, 3);
  });

  it('rests on 200 blocks of equals and 100 with a known increment, at the least', () => {
    for (const { comparison, blocks } of proof.series)
      assert.ok(blocks >= (comparison === 'increment' ? 100 : 200), `${comparison}: ${blocks}`);
    for (const { truth_us } of proof.series.filter((s) => s.comparison === 'increment'))
      assert.ok(truth_us !== null && truth_us >= 990 && truth_us <= 1_050, `${truth_us}`);
  });

  it('the intervals hold their centre as often as their attained level says, within binomial error', () => {
    for (const { comparison, metric, resampled } of proven()) {
      assert.deepEqual(
        resampled.map((r) => [r.blocks, r.level]),
        [8, 12, 20, 40].flatMap((k) => [
          [k, 0.95],
          [k, 0.9],
        ]),
      );
      for (const cell of resampled) assert.ok(cell.holds, `${comparison}, ${metric}: ${JSON.stringify(cell)}`);
    }
  });

  it('a perfect method is told from the attained level by no more than the luck of the draw', () => {
    for (const { attained, mean, sd, blocks } of proof.perfect) {
      assert.ok(Math.abs(mean - attained) < 0.01, `${blocks}: ${mean} for ${attained}`);
      assert.ok(sd < 0.012, `${blocks}: ${sd}`);
    }
  });

  it('a block’s difference does not follow from the one before, but at p50, as the README says', () => {
    const alike = proven().filter(({ lag1 }) => !lag1.holds);
    assert.deepEqual(
      alike.map(({ comparison, metric }) => [comparison, metric]),
      [
        ['aa', 'felt_p50_shift'],
        ['increment', 'felt_p50_shift'],
      ],
    );
    for (const { lag1 } of proven()) assert.equal(lag1.holds, Math.abs(lag1.value) <= lag1.limit);
    const [equal, increment] = alike.map(({ lag1 }) => lag1.value.toFixed(2).replace('-', '−'));
    const limit = alike[0]!.lag1.limit.toFixed(2);
    assert.ok(readme.includes(`(lag-1 ${equal} between equals and ${increment} of the increment, limit ±${limit};`));
  });

  it('over windows of consecutive blocks they hold as often as over the same blocks in random orders, but as the README says', () => {
    for (const { windows } of proven())
      assert.deepEqual(
        windows.map((w) => w.blocks),
        [8, 12, 20, 40],
      );
    const astray = proven().flatMap(({ comparison, metric, windows }) =>
      windows.filter((w) => !w.holds).map((w) => ({ of: [comparison, metric, w.blocks], coverage: w.coverage })),
    );
    assert.deepEqual(
      astray.map(({ of }) => of),
      [
        ['increment', 'felt_p50_shift', 20],
        ['increment', 'felt_p95_shift', 20],
      ],
    );
    const [p50, p95] = astray.map(({ coverage }) => `${(coverage * 100).toFixed(0)} %`);
    assert.ok(readme.includes(`windows of 20 blocks hold in ${p50} (p50) and ${p95} (p95)`));
  });

  it('what windows hold and how often they would be warned of is what the README says', () => {
    const windowsOf = (comparison: string, metric?: string) =>
      proof.series
        .filter((s) => s.comparison === comparison && (metric === undefined || s.metric === metric))
        .flatMap((s) => s.windows);
    const range = (of: ReturnType<typeof windowsOf>): string => {
      const held = of.map((w) => w.coverage * 100);
      return `${Math.min(...held).toFixed(0)} to ${Math.max(...held).toFixed(0)} %`;
    };
    const [p50, p95] = (['felt_p50_shift', 'felt_p95_shift'] as const).map((m) => windowsOf('hop', m));
    const lags = proof.series.filter((s) => s.comparison === 'hop').map((s) => s.lag1.value.toFixed(2));
    const warned = (of: ReturnType<typeof windowsOf>, blocks: number): string =>
      `${(of.find((w) => w.blocks === blocks)!.warned * 100).toFixed(0)} %`;
    for (const said of [
      `windows of equals hold in ${range(windowsOf('aa'))}`,
      `Of the increment windows hold in ${range(windowsOf('increment'))}`,
      `(${lags.join(' and ')}): windows hold in ${range(p50!)} at p50 and ${range(p95!)} at p95`,
      `${warned(p50!, 20)} of those of 20 (p50; p95: ${warned(p95!, 20)})`,
      `${warned(p50!, 40)} of 40 (${warned(p95!, 40)})`,
    ])
      assert.ok(readme.includes(said), said);
    assert.deepEqual(
      [...p50!, ...p95!].filter((w) => w.blocks === 8).map((w) => w.warned),
      [0, 0],
      'no window of 8',
    );
  });

  it('the wrong methods stand beside it, failing', () => {
    assert.ok(worst('requests', 'aa') < 0.8, 'requests taken as independent');
    assert.ok(worst('lead_in_kept', 'hop', 'felt_p95_shift') < 0.8, 'lead-in calls kept in');
    const sequence = ['aa', 'increment', 'hop'].flatMap((c) => [worst('sequence', c), worst('sequence_in_block', c)]);
    assert.ok(Math.min(...sequence) < 0.9, 'arms in sequence');
  });
});
