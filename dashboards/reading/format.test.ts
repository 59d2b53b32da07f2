import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clean,
  count,
  estimateAndInterval,
  glue,
  list,
  micros,
  percent,
  quantity,
  range,
  shorten,
  signedMicros,
} from './format.ts';

test('an estimate and its interval share unit and precision', () => {
  assert.deepEqual(estimateAndInterval(412.3, [361.8, 468.2], 'us'), ['0.41 ms', '0.36 to 0.47 ms']);
  assert.deepEqual(estimateAndInterval(412.3, [410.9, 413.6], 'us'), ['0.412 ms', '0.411 to 0.414 ms']);
  assert.deepEqual(estimateAndInterval(7_400, [6_900, 8_100], 'us'), ['7.40 ms', '6.90 to 8.10 ms']);
  assert.deepEqual(estimateAndInterval(-0.124, [-0.141, -0.107], 'ratio'), ['−12.4 %', '−14.1 to −10.7 %']);
  assert.deepEqual(estimateAndInterval(96.44, null, 'MiB'), ['96.4 MiB', null]);
  assert.deepEqual(estimateAndInterval(230.4, [216, 244.4], 'µs'), ['230 µs', '216 to 244 µs']);
});

test('an interval never reads as a point', () => {
  for (const half of [0.4, 3, 17, 120, 900]) {
    const [, words] = estimateAndInterval(1000, [1000 - half, 1000 + half], 'us');
    const [lo, hi] = words!.replace(' ms', '').split(' to ').map(Number);
    assert.ok(lo! < hi!, `${half}: ${words}`);
  }
});

test('a share is 100 % or 0 % only where it is exactly that', () => {
  assert.equal(percent(1), '100 %');
  assert.equal(percent(0), '0 %');
  assert.equal(percent(0.99999), '99.999 %');
  assert.equal(percent(0.999999), '> 99.999 %');
  assert.equal(percent(0.000001), '< 0.001 %');
  assert.equal(percent(0.001), '0.1 %');
  assert.equal(percent(0.1337), '13.4 %');
  assert.equal(percent(0.5), '50 %');
});

test('counts, differences and nothing', () => {
  assert.equal(count(24_000), '24,000');
  assert.equal(count(1_234_567), '1,234,567');
  assert.equal(micros(48_213.4), '48,213');
  assert.equal(micros(8.34), '8.3');
  assert.equal(micros(null), '–');
  assert.equal(signedMicros(412), '+412');
  assert.equal(signedMicros(-13.2), '−13');
  assert.equal(signedMicros(0.01), '0.0');
  assert.equal(signedMicros(-0.01), '0.0', 'no minus zero');
  assert.equal(quantity(0, 'count'), '0');
  assert.equal(quantity(0.003, 'share'), '0.30 %');
  assert.equal(list(['a', 'b', 'c']), 'a, b and c');
  assert.equal(list([]), '');
});

test('a range collapses where both ends read alike', () => {
  assert.equal(range(409.6, 409.6, 'us'), '0.41 ms');
  assert.equal(range(380, 520, 'us'), '0.38 to 0.52 ms');
  assert.equal(range(291.9, 292.3, 'us'), '0.292 ms');
  assert.equal(range(228, 235, 'us'), '0.228 to 0.235 ms');
  assert.equal(range(1, 1, 'ratio'), '100 %');
});

test('text from a campaign becomes one harmless line', () => {
  assert.equal(clean('a\nb\u0000c\u001b[31m\u202ed\u2028e'), 'a b c [31md e');
  assert.equal(clean('x\ud800y'), 'xy', 'half a surrogate pair is no character');
  assert.equal(clean('😀 ok'), '😀 ok');
  assert.equal(shorten('👩‍👩‍👧 family', 3), '👩‍👩‍👧…', 'a cut falls between letters as people count them');
  assert.equal(glue('0.41 ms of 3 samples'), '0.41\u00a0ms of 3 samples', 'only units are glued');
});
