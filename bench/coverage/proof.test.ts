/** Machines that never were, with calls whose truth is known: the right method holds, each wrong one fails where it should. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Coverage, coverageSchema, type WrongMethod } from '#contract/coverage.ts';
import { formatJson } from '#contract/json.ts';
import { proofOf } from './proof.ts';
import { coverageTable } from './table.ts';
import { type MachineOptions, machine, shortened } from './testing.ts';

const effort = { resamples: 400, pools: 30, orders: 40 };
const prove = (options: MachineOptions): Coverage => proofOf(machine({ blocks: 100, ...options }), effort);

const seriesOf = (proof: Coverage, comparison: string, metric = 'felt_p95_shift') =>
  proof.series.find((s) => s.comparison === comparison && s.metric === metric)!;
const wrongOf = (proof: Coverage, method: WrongMethod, comparison = 'aa', metric = 'felt_p50_shift', blocks = 20) =>
  seriesOf(proof, comparison, metric).wrong.find((w) => w.method === method && w.blocks === blocks)!;
const allHold = (proof: Coverage): void => {
  for (const { resampled } of proof.series) for (const cell of resampled) assert.ok(cell.holds, JSON.stringify(cell));
};

const steady = machine({ seed: 'proof/still', blocks: 100 });
const proof = proofOf(steady, effort);
/** Its speed drifts, its placebo costs more than the delay, and none of its calls is cold. */
const drifting = prove({ seed: 'proof/drift', wave: { us: 60, blocks: 100 }, beyond_us: 60, cold_us: () => 0 });
/** Its blocks warm up, and carry over to the next. */
const warming = prove({ seed: 'proof/warming', warming_us: 80, carry: 0.8 });

test('on a steady machine everything holds: equals, a known increment, a hop', () => {
  assert.deepEqual(
    proof.series.map((s) => `${s.comparison} ${s.metric} ${s.blocks}`),
    ['aa', 'increment', 'hop'].flatMap((c) => [`${c} felt_p50_shift 100`, `${c} felt_p95_shift 100`]),
  );
  allHold(proof);
  // Of six within two standard errors one strays in four proofs: three are for none.
  for (const { lag1 } of proof.series) assert.ok(Math.abs(lag1.value) < 1.5 * lag1.limit, JSON.stringify(lag1));
  // One in a hundred strays by chance, and there are 24.
  const astray = proof.series.flatMap((s) => s.windows.filter((w) => !w.holds));
  assert.ok(astray.length <= 2, JSON.stringify(astray));
});

test('truth is what the injector measured, and what is reported beyond it is the error', () => {
  assert.equal(seriesOf(proof, 'aa').truth_us, 0);
  assert.equal(seriesOf(proof, 'hop').truth_us, null);
  for (const metric of ['felt_p50_shift', 'felt_p95_shift']) {
    const { truth_us, pooled } = seriesOf(proof, 'increment', metric);
    assert.ok(Math.abs(truth_us! - 1_000) < 0.3, `${truth_us}`);
    assert.ok(Math.abs(pooled.estimate_us) < 12, `${pooled.estimate_us}`);
    assert.ok(pooled.ci95_us[0] <= pooled.estimate_us && pooled.estimate_us <= pooled.ci95_us[1]);
  }
  const dear = seriesOf(drifting, 'increment', 'felt_p50_shift');
  assert.ok(Math.abs(dear.pooled.estimate_us - 60) < 12, `${dear.pooled.estimate_us}`);
  assert.ok(dear.resampled.every((r) => r.uncentred! < 0.2));
});

test('requests taken as independent cover a fraction of what they claim', () => {
  for (const blocks of [8, 12, 20, 40]) {
    const { coverage, fails } = wrongOf(proof, 'requests', 'aa', 'felt_p50_shift', blocks);
    assert.ok(fails && coverage < 0.5, `${blocks}: ${coverage}`);
  }
  // Where a block has nothing of its own its requests are independent, and then the method is right.
  const alike = proofOf(machine({ seed: 'proof/alike', own_us: 0, blocks: 60 }), effort);
  assert.ok(wrongOf(alike, 'requests').coverage > 0.88, `${wrongOf(alike, 'requests').coverage}`);
});

test('lead-in calls kept in move a p95 to where only cold calls are', () => {
  const kept = wrongOf(proof, 'lead_in_kept', 'hop', 'felt_p95_shift');
  assert.ok(kept.fails && kept.coverage < 0.05, `${kept.coverage}`);
  // Equals are equally cold: that they differ by nothing says nothing of where their p95 is.
  assert.ok(wrongOf(proof, 'lead_in_kept', 'aa', 'felt_p95_shift').coverage > 0.85);
  assert.ok(wrongOf(drifting, 'lead_in_kept', 'hop', 'felt_p95_shift').coverage > 0.85);
});

test('a machine whose speed drifts spoils arms in sequence, and not arms that take turns', () => {
  const sequence = wrongOf(drifting, 'sequence');
  assert.ok(sequence.fails && sequence.coverage < 0.5, `${sequence.coverage}`);
  allHold(drifting);
  assert.ok(wrongOf(proof, 'sequence', 'aa', 'felt_p50_shift', 8).coverage > 0.8);
});

test('a block that warms up spoils one arm after the other within it', () => {
  const { fails, coverage } = wrongOf(warming, 'sequence_in_block');
  assert.ok(fails && coverage < 0.5, `${coverage}`);
  allHold(warming);
  assert.ok(wrongOf(proof, 'sequence_in_block').coverage > 0.85);
});

test('blocks that carry over to the next are told by lag-1 and by windows', () => {
  const { lag1, windows } = seriesOf(warming, 'aa', 'felt_p50_shift');
  assert.ok(!lag1.holds && lag1.value > 0.4, `${lag1.value}`);
  assert.ok(windows.some((w) => !w.holds));
});

test('failed calls rank above every success, and too many of them are no proof', () => {
  const failing = machine({ seed: 'proof/failing', blocks: 10 });
  const { latency_us } = failing.calls[3]![0]!;
  latency_us[200] = Number.POSITIVE_INFINITY;
  assert.ok(Number.isFinite(proofOf(failing, effort).series[1]!.pooled.estimate_us));
  latency_us.fill(Number.POSITIVE_INFINITY, 100, 200);
  assert.throws(() => proofOf(failing, effort), /block 3 has no finite quantile/);
});

test('below 300 kept calls no p95 is estimated, and the table says so: by 14 rounds, not by 15', () => {
  const metricsOf = (rounds: number): { metrics: Set<string>; kept: number; table: string } => {
    const of = proofOf(shortened(machine({ seed: 'proof/short', blocks: 12 }), rounds), {
      resamples: 40,
      pools: 3,
      orders: 5,
    });
    return {
      metrics: new Set(of.series.map((s) => s.metric)),
      kept: of.recorded.kept_calls,
      table: coverageTable(of),
    };
  };
  const full = metricsOf(15);
  assert.deepEqual([[...full.metrics], full.kept], [['felt_p50_shift', 'felt_p95_shift'], 300]);
  assert.doesNotMatch(full.table, /not estimated/);
  const short = metricsOf(14);
  assert.deepEqual([[...short.metrics], short.kept], [['felt_p50_shift'], 280]);
  assert.match(short.table, /felt_p95_shift: not estimated, 280 kept calls a block and arm where 300 are wanted/);
});

test('each share stands beside what it was held against: four standard deviations of the perfect method', () => {
  for (const { resampled } of proof.series)
    for (const { blocks, level, coverage, expected, allowed, holds } of resampled) {
      const { mean, sd } = proof.perfect.find((p) => p.blocks === blocks && p.level === level)!;
      assert.equal(expected, mean);
      assert.ok(Math.abs(allowed - 4 * sd) < 1e-3 * sd, `${allowed} for ${sd}`);
      assert.equal(holds, Math.abs(coverage - expected) <= allowed);
    }
  const table = coverageTable(proof);
  assert.match(table, /holds within 4 of its standard deviations/);
  const { expected, allowed } = seriesOf(proof, 'aa').resampled[0]!;
  const limits = `holds (within ${(expected * 100).toFixed(1)} ± ${(allowed * 100).toFixed(1)} %)`;
  assert.ok(table.includes(limits), `${limits} in\n${table}`);
});

test('edits that were not committed are told of beside the commit', () => {
  assert.equal(proof.recorded.dirty, false);
  assert.doesNotMatch(coverageTable(proof), /not committed/);
  const { recording, calls } = machine({ seed: 'proof/dirty', blocks: 8 });
  const weighbridge = { ...recording.weighbridge, dirty: true };
  const edited = proofOf({ recording: { ...recording, weighbridge }, calls }, { resamples: 40, pools: 3, orders: 5 });
  assert.equal(edited.recorded.dirty, true);
  assert.match(coverageTable(edited), /commit 0{12} and edits that were not committed/);
});

test('the same recording gives the same bytes, of the schema, and a table that names every series', () => {
  const again = proofOf(steady, effort);
  assert.equal(formatJson(again, 4), formatJson(proof, 4));
  assert.deepEqual(coverageSchema.parse(JSON.parse(formatJson(proof, 4))), proof);
  const table = coverageTable(proof);
  for (const { arm, baseline, metric } of proof.series) assert.ok(table.includes(`${arm} − ${baseline}, ${metric}`));
  assert.match(table, /requests taken as independent, claims 95 %: K = 8: [\d.]+ % \(fails\)/);
});
