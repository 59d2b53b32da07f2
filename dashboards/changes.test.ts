import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CampaignChanges, Change, LoadChange } from '#contract/changes.ts';
import { changesText } from './changes.ts';
import { displayWidth } from './summary.ts';

const change = (metric: string, verdict: Change['verdict'], more: Partial<Change> = {}): Change => ({
  phase: 'latency',
  workload: 'tool-chain',
  condition: 'instant/c1/http',
  metric,
  unit: 'us',
  arm: 'gateway',
  baseline: 'native',
  a: { estimate: 410, ci95: [390, 430], blocks: 8, n: 4_800 },
  b: { estimate: 520, ci95: [500, 540], blocks: 8, n: 4_800 },
  estimate: 110,
  ci95: [80, 140],
  level: 0.95,
  method: 'mann_whitney',
  h: 100,
  p_adjusted: 0.01,
  verdict,
  why: `Why it is ${verdict}.`,
  ...more,
});

const loadChange = (metric: string, verdict: Change['verdict'], more: Partial<LoadChange> = {}): LoadChange => ({
  metric,
  unit: 'per_s',
  arm: 'gateway',
  baseline: null,
  a: { estimate: 900, bound: null, ci95: [880, 920], blocks: 6, n: 9_000 },
  b: { estimate: 810, bound: null, ci95: [790, 830], blocks: 6, n: 8_000 },
  factor: 0.9,
  bound: null,
  ci95: [0.87, 0.93],
  level: 0.959,
  method: 'mann_whitney',
  h: 1.1,
  p_adjusted: 0.01,
  verdict,
  why: `Why it is ${verdict}.`,
  ...more,
});

const found = (changes: Change[], more: Partial<CampaignChanges> = {}): CampaignChanges => ({
  version: 1,
  a: { id: 'before', profile: 'quick', blocks: 8, raw_digest: 'a'.repeat(64) },
  b: { id: 'after', profile: 'quick', blocks: 8, raw_digest: 'b'.repeat(64) },
  differences: [
    { what: 'commit', a: '0'.repeat(40), b: '1'.repeat(40), weight: 'subject' },
    { what: 'cpu', a: 'this', b: 'that', weight: 'breaks' },
  ],
  standing: 'not_meaningful',
  why: 'The machines differ (cpu).',
  changes,
  load: [],
  only: { a: 2, b: 0 },
  ...more,
});

test('differences first, then whether it is meaningful, then what changed', () => {
  const text = changesText(found([change('felt_p95_shift', 'larger'), change('cpu_per_call_shift', 'no_difference')]));
  const at = (words: string) => {
    assert.ok(text.includes(words), `${words} in ${text}`);
    return text.indexOf(words);
  };
  const order = [
    'A: before',
    'They differ in',
    'cpu: this → that (alone could make a change)',
    'The comparison is not meaningful. The machines differ',
    'larger: felt_p95_shift of gateway − native, tool-chain · instant/c1/http',
    'Why it is larger.',
    '2 comparisons: 1 larger, 0 smaller, 1 without a difference, 0 inconclusive.',
  ].map(at);
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  assert.match(text, /In A alone: 2 comparisons/);
  assert.doesNotMatch(text, /cpu_per_call_shift/);
  assert.match(text, /1 more with --all\./);
  assert.match(
    changesText(found([change('cpu_per_call_shift', 'no_difference')]), true),
    /no difference: cpu_per_call_shift/,
  );
});

test('says that a change is named among all that were tested', () => {
  const many = Array.from({ length: 40 }, (_, i) => change('felt_p50_shift', i === 0 ? 'larger' : 'no_difference'));
  assert.match(changesText(found(many)), /stands among all 40 that were tested\s\(Holm, 5 %\)/);
  assert.doesNotMatch(changesText(found(many.slice(0, 1))), /Holm/);
});

test('load: what each arm carries is shown, ratios where they changed', () => {
  const shown = changesText(
    found([], {
      load: [
        loadChange('saturation', 'smaller'),
        loadChange('cpu_us_per_call', 'no_difference'),
        loadChange('saturation_ratio', 'larger', { baseline: 'direct', unit: 'ratio' }),
      ],
    }),
  );
  assert.match(shown, /smaller: saturation of gateway under load\n {2}Why it is smaller\./);
  assert.match(shown, /larger: saturation_ratio of gateway ÷ direct under load/);
  assert.doesNotMatch(shown, /cpu_us_per_call/);
  assert.match(shown, /3 comparisons: 1 larger, 1 smaller, 1 without a difference/);
});

test('fits 100 columns and holds no control character', () => {
  const hostile = found(
    [change('felt_p95_shift', 'smaller', { arm: '漢字'.repeat(60), why: `${'word '.repeat(80)}\u001b[31m` })],
    { differences: [{ what: 'kernel', a: 'x'.repeat(300), b: '\u001b[2J', weight: 'care' }] },
  );
  for (const line of changesText(hostile).split('\n')) {
    assert.ok(displayWidth(line) <= 100, `${displayWidth(line)}: ${line}`);
    assert.doesNotMatch(line, /\p{Cc}/u);
  }
});

test('two campaigns that are alike say so', () => {
  const text = changesText(
    found([], { differences: [], standing: 'meaningful', why: 'Nothing differs.', only: { a: 0, b: 0 } }),
  );
  assert.match(text, /Nothing in their environment or plan differs\./);
  assert.match(text, /The comparison is meaningful\./);
});
