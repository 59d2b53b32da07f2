import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from '../testing/fixture.ts';
import { attachedFixture, emptyFixture, ruled, smokeFixture, standardFixture } from '../testing/variants.ts';
import { answer, comparisonSentence, evidenceInterval, evidenceWords, findingTitle, quotable } from './answer.ts';
import { claimComparison, displayUnit } from './pairs.ts';
import { lookAgain, notTested } from './scope.ts';

test('the answer: figure, interval, n, blocks, place, verdict, kind of campaign', () => {
  const [figure, range, meaning, proviso] = answer(fixture());
  assert.equal(
    figure,
    'The p95 latency of tool calls was 0.41 ms higher on arm gateway (controls at the gateway) than on arm native (controls in the agent): ' +
      '95 % interval 0.39 to 0.43 ms, attained level 96.1 %; 8 blocks, 4,800 calls; tool-chain · instant/c1/http.',
  );
  assert.equal(range, 'In both combinations of workload and condition: 0.41 ms.');
  assert.equal(meaning, 'The claimed 5 to 15 ms is refuted for these subjects: the price is lower.');
  assert.match(proviso!, /^This is a quick campaign of 8 blocks/);
});

test('a standard campaign is not called provisional; a smoke one is not for quoting', () => {
  assert.ok(!answer(standardFixture()).some((s) => s.includes('campaign of')));
  const smoke = answer(smokeFixture()).join(' ');
  assert.match(smoke, /no interval from 2 blocks/);
  assert.match(smoke, /No recommendation rests on this/);
  assert.match(smoke, /smoke campaign/);
  assert.equal(quotable(smokeFixture()), null);
});

test('a campaign without verdicts says what it did not test', () => {
  assert.deepEqual(answer(emptyFixture()), [
    'No claim on what the gateway adds to a tool call was judged.',
    'This campaign was stopped before its end: 0 blocks of 8 planned were kept.',
  ]);
});

test('lower, equal and percentage points', () => {
  const analysis = fixture();
  const { comparison } = claimComparison(analysis, 'C3')!;
  assert.match(
    comparisonSentence(analysis, comparison),
    /share of calls met by a 401 was 12\.4 percentage points lower on arm native/,
  );
  assert.match(comparisonSentence(analysis, comparison), /95 % interval −14\.5 to −10\.3 percentage points; 8 blocks/);
  assert.match(
    comparisonSentence(analysis, { ...comparison, estimate: 0 }),
    /was the same on arm native .* as on arm native-regressed/,
  );
});

test('a difference of shares is told in points; a share, and a ratio of load, in per cent', () => {
  assert.deepEqual(
    ['retry401_shift', 'error_rate_shift', 'retry401', 'saturation_ratio', 'correlation_share'].map((metric) =>
      displayUnit(metric, 'ratio'),
    ),
    ['points', 'points', 'ratio', 'ratio', 'ratio'],
  );
  const analysis = fixture();
  const [difference] = analysis.verdicts.find((v) => v.claim === 'C3')!.evidence;
  assert.deepEqual(evidenceWords(analysis, difference!), {
    size: '−12.4 percentage points',
    interval: '−14.1 to −10.7 percentage points',
    level: '90 %',
  });
  const at = analysis.arms.findIndex((a) => a.phase === 'lifecycle' && a.arm === 'native-regressed');
  const { error_rate, ci95 } = analysis.arms[at]!.error_budget;
  const beside = { pointer: `/arms/${at}/error_budget/error_rate`, estimate: error_rate, ci: ci95 };
  assert.deepEqual(
    evidenceWords(analysis, { label: 'error rate of native-regressed', ...beside, unit: 'ratio', n: 1_600 }),
    { size: '0.75 %', interval: '0.39 to 1.31 %', level: '' },
    'one arm’s rate stands beside the difference and is none',
  );
});

test('a gateway of the user’s own is what the answer is about; the modelled one stands beside it', () => {
  const said = answer(attachedFixture());
  assert.match(said[0]!, /0\.82 ms higher on arm our-gw \(behind ours\) than on arm native/);
  assert.match(
    said.join(' '),
    /Beside it, the p95 latency of tool calls was 0\.41 ms higher on arm gateway .* claim C1b \(5 to 15 ms\) is refuted\./,
  );
  assert.match(findingTitle(attachedFixture()), /^Arm our-gw adds 0\.82 ms at p95/);
  assert.match(
    quotable(attachedFixture())!,
    /claim C1b-ours \(5 to 15 ms\) is refuted; arm our-gw is nginx@1\.22 \(real product; sidecar, http\)/,
  );
  assert.ok(!notTested(attachedFixture()).some((s) => s.startsWith('Real products')));
});

test('the title is the finding', () => {
  const at = (verdict: 'confirmed' | 'refuted' | 'mixed' | 'inconclusive', times: number) =>
    findingTitle(ruled(fixture(), [{ claim: 'C1b', verdict, times }]));
  assert.equal(
    at('refuted', 1),
    'The gateway adds 0.41 ms at p95 (95 % interval 0.39 to 0.43 ms): far below the claimed 5 to 15 ms',
  );
  assert.match(at('refuted', 8), /: below the claimed/);
  assert.match(at('refuted', 60), /: above the claimed/);
  assert.match(at('confirmed', 24), /: within the claimed/);
  assert.match(at('mixed', 20), /depends on the workload$/);
  assert.match(at('inconclusive', 12), /: whether the claimed 5 to 15 ms holds stays open$/);
  assert.match(at('refuted', -1), /takes 0\.41 ms off/);
});

test('the sentence to quote stands by itself', () => {
  const quote = quotable(fixture(), 'd1ge57')!;
  for (const part of [
    '20260301T101500Z-5e1f',
    'quick profile',
    'seed weighbridge',
    '0.41 ms higher',
    '0.39 to 0.43 ms',
    '8 blocks',
    '4,800 calls',
    'claim C1b (5 to 15 ms) is refuted',
    'weighbridge-gateway@0.1.0 (a model of the article’s claims',
    'weighbridge-agent@0.1.0',
    'd1ge57',
  ]) {
    assert.ok(quote.includes(part), part);
  }
  const open = quotable(ruled(fixture(), [{ claim: 'C1b', verdict: 'inconclusive', times: 12 }]))!;
  assert.match(open, /no conclusion rests on it, since the figures do not decide it/);
  assert.doesNotMatch(open, /is refuted|is confirmed/);
});

test('an interval is named by the level of the figure behind it', () => {
  const analysis = fixture();
  const evidence = analysis.verdicts[1]!.evidence[0]!;
  const { comparison } = claimComparison(analysis, 'C1b')!;
  assert.equal(evidenceInterval(analysis, evidence).level, '90 %');
  assert.equal(evidenceInterval(analysis, { ...evidence, ci: comparison.ci95 }).level, '95 %');
  assert.equal(evidenceInterval(analysis, { ...evidence, ci: [1, 2] }).level, '');
});

test('what was not tested follows the campaign', () => {
  const modelled = notTested(fixture());
  assert.ok(modelled.some((s) => s.startsWith('Claim C10')));
  assert.ok(!modelled.some((s) => s.startsWith('Claim C1:')), 'C1a and C1b stand for C1');
  assert.ok(modelled.some((s) => s.startsWith('Real products')));
  const real = fixture();
  real.campaign.arms[5]!.subject.kind = 'real';
  assert.ok(!notTested(real).some((s) => s.startsWith('Real products')));
  assert.ok(
    lookAgain(ruled(fixture(), [{ claim: 'C9', verdict: 'inconclusive' }])).some((s) => s.includes('claim C9')),
  );
});
