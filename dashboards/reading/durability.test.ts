/** An arm whose audit records are durable first: its mode is printed, and its price told, wherever it stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { decisionRecord } from '../adr/index.ts';
import { reportHtml } from '../report/index.ts';
import { fixture } from '../testing/fixture.ts';
import { durabilitySentences } from './answer.ts';
import { glue } from './format.ts';
import { meaningOf, pairsOf } from './pairs.ts';

const pair = { arm: 'gateway-durable', baseline: 'gateway' };

/** The hand-made campaign with one arm more, like `gateway` but for the mode. */
function durableFixture(): Analysis {
  const analysis = fixture();
  const gateway = analysis.campaign.arms.find(({ arm }) => arm === 'gateway')!;
  gateway.audit = 'buffered';
  analysis.campaign.arms.push({ ...gateway, arm: pair.arm, audit: 'group_commit' });
  const like = analysis.comparisons.filter((c) => c.arm === 'gateway' && c.baseline === 'native');
  analysis.comparisons.push(...like.map((c) => ({ ...c, ...pair })));
  return analysis;
}

test('what durable records cost is told for every figure, in the report and the record', () => {
  const analysis = durableFixture();
  const figures = analysis.comparisons.filter((c) => /^felt_p(50|95)_shift$/.test(c.metric) && c.arm === pair.arm);
  const sentences = durabilitySentences(analysis);
  assert.equal(sentences.length, figures.length);
  assert.ok(sentences.length > 0);
  const told =
    /^With audit records that are durable first, the (?:median|p95) latency of tool calls was \d.* higher on arm gateway-durable \(controls at the gateway, durable audit records\) than on arm gateway \(controls at the gateway\): 95 % interval /;
  const [report, record] = [reportHtml(analysis, []), decisionRecord(analysis, { digest: 'abc' })];
  for (const sentence of sentences) {
    assert.match(sentence, told);
    assert.ok(report.includes(glue(sentence)), sentence);
    assert.ok(record.replaceAll('\\', '').includes(sentence), sentence);
  }
  assert.equal(meaningOf(analysis, pair), 'durable audit records');
  assert.ok(pairsOf(analysis, 'felt_p95_shift').some((p) => p.meaning === 'durable audit records'));
});

test('each arm’s mode is printed where it was noted, and nothing is said where it was not', () => {
  const analysis = durableFixture();
  for (const text of [reportHtml(analysis, []), decisionRecord(analysis, { digest: 'abc' })]) {
    assert.match(text, /audit records buffered, written after the answer/);
    assert.match(text, /audit records by group commit, durable before a call goes upstream/);
  }
  const before = fixture();
  assert.deepEqual(durabilitySentences(before), []);
  assert.doesNotMatch(reportHtml(before, []), /audit records b/);
});

test('arms that differ in more than the mode are no price of it', () => {
  const analysis = durableFixture();
  const durable = analysis.campaign.arms.at(-1)!;
  for (const more of [{ controls: 'on' }, { telemetry: 'full' as const }, { delay_ms: 7 }]) {
    analysis.campaign.arms.splice(-1, 1, { ...durable, ...more });
    assert.deepEqual(durabilitySentences(analysis), []);
    assert.equal(meaningOf(analysis, pair), null);
  }
});
