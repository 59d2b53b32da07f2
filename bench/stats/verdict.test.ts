import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Interval } from './interval.ts';
import { type Decision, decide } from './verdict.ts';

const at = (lo: number, hi: number): Interval => ({ lo, hi });
const kinds = {
  inside: at(6, 9),
  below: at(-1, 4.9),
  above: at(16, Infinity),
  across: at(4, 6),
  around: at(4, 20),
  none: null,
} as const;
type Kind = keyof typeof kinds;
const names = Object.keys(kinds) as Kind[];

/** The rule of the design, said another way: from the set of kinds alone. */
function expected(present: Set<Kind>): Decision['verdict'] {
  if (present.size === 0 || present.has('none')) return 'inconclusive';
  const outside = present.has('below') || present.has('above');
  const undecided = present.has('across') || present.has('around');
  if (present.has('inside') && outside) return 'mixed';
  if (undecided) return 'inconclusive';
  return outside ? 'refuted' : 'confirmed';
}

function* combinations(length: number): Generator<Kind[]> {
  if (length === 0) return yield [];
  for (const rest of combinations(length - 1)) for (const kind of names) yield [...rest, kind];
}

test('every combination of up to three workloads, capped or not', () => {
  let cases = 0;
  for (const length of [0, 1, 2, 3]) {
    for (const combination of combinations(length)) {
      const intervals90 = combination.map((kind) => kinds[kind]);
      const free = decide({ intervals90, region: [5, 15], capped: [] });
      assert.equal(free.verdict, expected(new Set(combination)), combination.join(', '));
      assert.ok(free.reason.length > 10);
      const capped = decide({ intervals90, region: [5, 15], capped: ['blocks are correlated', 'A/A fails'] });
      assert.equal(capped.verdict, 'inconclusive');
      assert.match(capped.reason, /blocks are correlated; A\/A fails/);
      cases++;
    }
  }
  assert.equal(cases, 1 + 6 + 36 + 216);
});

test('the ends of the region belong to it', () => {
  const verdict = (lo: number, hi: number) =>
    decide({ intervals90: [at(lo, hi)], region: [5, 15], capped: [] }).verdict;
  assert.equal(verdict(5, 15), 'confirmed');
  assert.equal(verdict(4.999, 15), 'inconclusive');
  assert.equal(verdict(15, 16), 'inconclusive');
  assert.equal(verdict(15.001, 16), 'refuted');
  assert.equal(verdict(0, 5), 'inconclusive');
  assert.equal(verdict(0, 4.999), 'refuted');
});

test('a region may be open at one end', () => {
  const below = (lo: number, hi: number) =>
    decide({ intervals90: [at(lo, hi)], region: [null, 1], capped: [] }).verdict;
  assert.equal(below(-Infinity, 1), 'confirmed');
  assert.equal(below(0.5, 1.5), 'inconclusive');
  assert.equal(below(1.5, Infinity), 'refuted');
  const above = (lo: number, hi: number) =>
    decide({ intervals90: [at(lo, hi)], region: [1, null], capped: [] }).verdict;
  assert.equal(above(2, Infinity), 'confirmed');
  assert.equal(above(-3, 0), 'refuted');
});

test('the reason counts the workloads', () => {
  const { reason } = decide({
    intervals90: [kinds.inside, kinds.inside, kinds.below, kinds.across],
    region: [5, 15],
    capped: [],
  });
  assert.equal(reason, 'Of 4 workloads: inside the margin 2, outside 1, across its edge 1.');
  assert.match(
    decide({ intervals90: [null], region: [5, 15], capped: [] }).reason,
    /Not estimated in 1 of 1 workload\./,
  );
});

test('regions and intervals that are none are refused', () => {
  const intervals90 = [kinds.inside];
  assert.throws(() => decide({ intervals90, region: [null, null], capped: [] }), RangeError);
  assert.throws(() => decide({ intervals90, region: [15, 5], capped: [] }), RangeError);
  assert.throws(() => decide({ intervals90, region: [NaN, 5], capped: [] }), RangeError);
  assert.throws(() => decide({ intervals90: [at(3, 2)], region: [5, 15], capped: [] }), RangeError);
  assert.throws(() => decide({ intervals90: [at(NaN, 2)], region: [5, 15], capped: [] }), RangeError);
});
