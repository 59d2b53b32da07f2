/** A calibration as a user makes it: run, verified, rebuilt. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { calibrationSchema, type Increment } from '#contract/calibration.ts';
import { setAside } from '#contract/manifest.ts';
import { scratch, weighbridge } from './harness.ts';
import { manifestOf, query } from './killing.ts';

const place = scratch();
after(() => place.remove());
const dir = join(place.dir, 'calibration');
const read = (at: string, name: string): string => readFileSync(join(at, name), 'utf8');
const derived = ['analysis.json', 'calibration.json', 'report.html', 'checksums.sha256'];

test('it ends with what was reported beside what was true', async () => {
  const { code, stdout, stderr } = await weighbridge(['calibrate', '--profile', 'smoke', '--out', dir, '--json']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /What does this instrument report where the truth is known\?/);
  const { own, differs, ...found } = JSON.parse(stdout);
  assert.deepEqual([own, differs], [true, []]);
  assert.deepEqual(found, calibrationSchema.parse(JSON.parse(read(dir, 'calibration.json'))));
  assert.deepEqual(
    found.increments
      .filter((i: { metric: string }) => i.metric === 'felt_p50_shift')
      .map((i: { arm_ms: number; baseline_ms: number }) => [i.arm_ms, i.baseline_ms]),
    [
      [0, 0],
      [0.25, 0],
      [8, 7],
      [7, 0],
    ],
  );
  for (const i of found.increments) {
    // Two blocks decide nothing, and the truth is known all the same.
    assert.notEqual(i.true_us, null);
    assert.equal(i.error_ci90, null);
    assert.equal(i.result, i.limit_us === null ? null : 'not resolved');
  }
  assert.ok(found.observer.length > 0, 'what is watched is held against what is not');
  assert.ok(found.margins.every((m: { result: string }) => m.result === 'undecided'));
});

const median = (values: number[]): number => {
  const sorted = values.sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
};

/** By trace, ns. */
async function injected(): Promise<Map<unknown, number>> {
  const noted = await query(
    dir,
    `select TraceId as trace, SpanAttributes['weighbridge.injected_ns']::BIGINT::DOUBLE as injected_ns
    from {spans} where SpanKind = 'Server' and SpanAttributes['weighbridge.injected_ns'] is not null`,
  );
  return new Map(noted.map((row) => [row.trace, Number(row.injected_ns)]));
}

test('each error is that of the calls themselves, and no delay went missing between injector and report', async () => {
  const injected_ns = await injected();
  const manifest = manifestOf(dir);
  const aside = setAside(manifest.blocks);
  const calls = await query(
    dir,
    'select arm, block, trace_id, latency_ns::DOUBLE as latency_ns from {calls} where not lead_in',
  );
  const blocks = manifest.blocks.map((b) => b.block).filter((b) => !aside.includes(b));
  /** Of one or two blocks the pseudomedian is the mean. */
  const p50_us = (arm: string, figureOf: (call: Record<string, unknown>) => number): number =>
    blocks.reduce(
      (sum, b) => sum + median(calls.filter((c) => c.arm === arm && Number(c.block) === b).map(figureOf)),
      0,
    ) /
    blocks.length /
    1_000;
  const shift_us = ({ arm, baseline }: Increment, of: (call: Record<string, unknown>) => number): number =>
    p50_us(arm, of) - p50_us(baseline, of);
  const { increments } = calibrationSchema.parse(JSON.parse(read(dir, 'calibration.json')));
  const p50 = increments.filter((i) => i.metric === 'felt_p50_shift');
  const errors_us = p50.map((i) => {
    const true_us = shift_us(i, (c) => injected_ns.get(c.trace_id)!);
    const said = `${i.arm} − ${i.baseline}: true ${i.true_us}, error ${i.error_us} µs`;
    assert.ok(Math.abs(i.true_us! - true_us) < 1, said);
    assert.ok(Math.abs(i.error_us! - (shift_us(i, (c) => Number(c.latency_ns)) - true_us)) < 1, said);
    // Half of 7 ms: wrong units, and an injector that takes one delay for the other.
    assert.ok(Math.abs(i.true_us! - (i.arm_ms - i.baseline_ms) * 1_000) < 3_500, said);
    return Math.abs(i.error_us!);
  });
  // A delay that never came about is an error of 7 ms in 7 − 0, and of as much in 8 − 7 where it is missing in one of the two. How
  // far a busy machine throws a median of so few calls is told by the increments that hardly wait.
  const [equal, quarter, step, whole] = errors_us as [number, number, number, number];
  const bound_us = 4_500 + 3 * Math.max(equal, quarter);
  assert.ok(step < bound_us && whole < bound_us, `${errors_us.join(', ')} µs`);
});

test('every call of a placebo waited for what was asked at least, noted it, and was felt to have waited', async () => {
  const injected_ns = await injected();
  const calls = await query(
    dir,
    "select arm, trace_id, latency_ns::DOUBLE as latency_ns from {calls} where outcome = 'ok'",
  );
  for (const { arm, delay_ms, telemetry } of manifestOf(dir).arms) {
    const own = calls.filter((c) => c.arm === arm);
    assert.ok(own.length > 0, arm);
    for (const { trace_id, latency_ns } of own) {
      const waited_ns = injected_ns.get(trace_id);
      if (delay_ms === undefined || telemetry === 'off') assert.equal(waited_ns, undefined, arm);
      else assert.ok(waited_ns! >= delay_ms * 1e6 && waited_ns! <= Number(latency_ns), `${arm}: ${waited_ns} ns`);
    }
  }
});

test('it is a campaign like any other: verified, and rebuilt to the same bytes', async () => {
  assert.equal((await weighbridge(['verify', dir])).code, 0);
  const before = derived.map((name) => read(dir, name));
  writeFileSync(join(dir, 'calibration.json'), 'lost');
  const { code, stderr } = await weighbridge(['report', dir]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    derived.map((name) => read(dir, name)),
    before,
  );
});

test('it carries no other one', async () => {
  const { code, stderr } = await weighbridge(['report', dir, '--calibration', dir]);
  assert.equal(code, 104);
  assert.match(stderr, /a calibration carries no other one/);
});
