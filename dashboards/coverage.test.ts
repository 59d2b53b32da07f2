import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proofOf } from '../bench/coverage/proof.ts';
import { machine } from '../bench/coverage/testing.ts';
import { coverageChart } from './charts/coverage.ts';
import { compileChart } from './charts/render.ts';
import { coverageSvg } from './coverage.ts';
import { readMarkup } from './testing/well-formed.ts';

const proof = proofOf(machine({ seed: 'chart', blocks: 24 }), { resamples: 40, pools: 3, orders: 5 });

test('the chart has a mark for each method, comparison and size, at the share that was found', () => {
  const spec = coverageChart(proof) as unknown as { data: { values: { cell: string; coverage: number }[] } };
  const drawn = spec.data.values;
  const shares = proof.series.flatMap((s) => [
    ...s.resampled.filter((r) => r.level === 0.95),
    ...s.windows,
    ...s.wrong,
  ]);
  assert.deepEqual(
    drawn.map((d) => d.coverage),
    shares.map((s) => s.coverage * 100),
  );
  assert.equal(new Set(drawn.map((d) => d.cell)).size, 6);
  assert.deepEqual(compileChart(coverageChart(proof)).warnings, []);
});

test('of a recording whose p95 is not estimated it shows the medians', () => {
  const medians = { ...proof, series: proof.series.filter((s) => s.metric === 'felt_p50_shift') };
  const spec = coverageChart(medians) as unknown as { data: { values: { cell: string }[] } };
  assert.deepEqual(new Set(spec.data.values.map((d) => d.cell)).size, 3);
  assert.deepEqual(compileChart(coverageChart(medians)).warnings, []);
});

test('it is well-formed, names itself for those who cannot see it, and is the same each time', async () => {
  const svg = await coverageSvg(proof);
  readMarkup(svg);
  assert.match(svg, /<title id="coverage-title">How often intervals/);
  assert.match(svg, /24\s+recorded blocks/);
  assert.equal(await coverageSvg(proof), svg);
});
