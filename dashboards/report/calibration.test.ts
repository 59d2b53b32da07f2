import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calibrationTable } from '../calibration.ts';
import { renderCharts } from '../charts/index.ts';
import { answer } from '../reading/answer.ts';
import { calibrationFinding, calibrationOrigin } from '../reading/calibration.ts';
import { displayWidth } from '../summary.ts';
import { fixture } from '../testing/fixture.ts';
import {
  calibratedFixture,
  hostileCalibratedFixture,
  miscalibratedFixture,
  placebosAloneFixture,
  strangelyCalibratedFixture,
} from '../testing/fixture-calibration.ts';
import { readMarkup } from '../testing/well-formed.ts';
import { calibration } from './calibration.ts';
import { reportHtml } from './index.ts';

const text = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('\u00a0', ' ')
    .replace(/\s+/g, ' ');
const rows = (markup: string, table: string): string[] => {
  const [, body = ''] = markup.split(`<table id="${table}">`);
  return [...body.split('</table>')[0]!.matchAll(/<tr[ >].*?<\/tr>/gs)].map(([row]) => text(row));
};

describe('the calibration of a campaign', () => {
  test('that carries none is said to be missing, and how one is made', () => {
    const section = text(calibration(fixture(), []).markup);
    assert.match(section, /This campaign carries no calibration/);
    assert.match(section, /weighbridge calibrate/);
    assert.doesNotMatch(section, /Increment/);
  });

  test('shows each increment: true, reported, error, both intervals, limit, result', () => {
    const { markup } = calibration(calibratedFixture(), []);
    const all = rows(markup, 'calibration-increments');
    assert.equal(all.length, 1 + 12);
    const step = all.find((row) => row.includes('8 − 7 ms') && row.includes('p50'))!;
    assert.match(step, /1,000 1,033 973 to 1,093 \+33 −12 to 78 92\.2 % −22 to 88 96\.1 % resolved ±100 µs Judged\./);
    const beside = all.find((row) => row.startsWith(' 7 − 0 ms p95'))!;
    assert.match(beside, / not judged Not judged: beside the delay it holds the cold-tier penalty/);
    assert.ok(all.some((row) => row.includes('0′ − 0 ms')));
    assert.match(
      text(markup),
      /Every known increment that was measured was reported right, within its limit: 0′ − 0 ms, 0\.25 − 0 ms, 8 − 7 ms and 26 − 25 ms at p50 and p95\./,
    );
  });

  test('shows known margins, what profiles with blocks as long resolve, and what watching costs', () => {
    const { markup } = calibration(calibratedFixture(), []);
    assert.match(
      rows(markup, 'calibration-margins')[2]!,
      /K8-p50 .* 8,000 5 ms to 15 ms confirmed ✓ confirmed right confirmed, since that is/,
    );
    assert.match(
      rows(markup, 'calibration-margins')[3]!,
      /K26-p50 .* refuted \? inconclusive undecided .* lag-1 is 0\.73/,
    );
    const [head, p50] = rows(markup, 'calibration-resolvable');
    assert.match(head!, /Observed, 8 blocks quick, 8 blocks \(extrapolated\) $/);
    assert.match(p50!, /direct-b − direct .* p50 22 20 23 $/);
    assert.match(text(markup), /only to profiles whose blocks are as long \(15 rounds of 20 calls\)/);
    const alone = calibratedFixture();
    for (const r of alone.calibration!.resolvable) r.profiles = [];
    const section = calibration(alone, []).markup;
    assert.match(text(section), /No profile that gives intervals has blocks as long/);
    assert.match(rows(section, 'calibration-resolvable')[0]!, /Observed, 8 blocks $/);
    assert.match(rows(markup, 'calibration-observer')[1]!, /by the full SDK, against not watched p50 \+118 93 to 144/);
  });

  test('names the campaign that found it, and where that differs from this one', () => {
    assert.match(
      calibrationOrigin(calibratedFixture()),
      /ca11 .*; 8 blocks kept, 0 void\), before this one\. Machine, runtime and code are the same/,
    );
    const void_ = calibratedFixture();
    Object.assign(void_.calibration!.campaign, { status: 'aborted', blocks: { planned: 8, kept: 0, voided: 6 } });
    assert.match(calibrationOrigin(void_), /; 0 blocks kept, 6 void; stopped before its end\), before/);
    assert.match(
      calibrationOrigin(strangelyCalibratedFixture()),
      /What is not the same here: cores: 64 there, 2 here; commit: fedcba9876543210 there/,
    );
  });

  test('that reports wrongly says so first, in the answer and on the terminal too', () => {
    const analysis = placebosAloneFixture();
    const finding =
      'The instrument reports wrongly: 8 − 7 ms at p50. Right: 0′ − 0 ms and 0.25 − 0 ms at p50 and p95; 8 − 7 ms and 26 − 25 ms at p95. Not resolved: 26 − 25 ms at p50.';
    assert.equal(calibrationFinding(analysis.calibration!), finding);
    assert.equal(answer(analysis)[0], finding);
    const lines = calibrationTable(analysis).split('\n');
    assert.ok(lines.every((line) => displayWidth(line) <= 100));
    assert.ok(lines.includes('8 − 7 ms, p50: error +240 µs (90 %: 201 to 280), limit ±100 µs: wrong'));
    assert.ok(lines.includes('K26-p50: expected refuted, found inconclusive: undecided'));
    assert.match(calibration(analysis, []).markup, /<tr class="warn"><th scope="row">8 − 7\u00a0ms/);
    assert.equal(calibrationTable(calibratedFixture()), '', 'a carried one is not this campaign’s own result');
  });

  test('replaces no answer on other arms: it stands beside it', () => {
    const { calibration: _, ...plain } = miscalibratedFixture();
    const decision = answer({ ...plain, calibration: null });
    const analysis = miscalibratedFixture();
    const said = answer(analysis);
    assert.equal(said[0], decision[0]);
    assert.ok(said.includes(calibrationFinding(analysis.calibration!)));
    assert.deepEqual(
      said.filter((s) => s !== calibrationFinding(analysis.calibration!)),
      decision,
    );
    assert.deepEqual(answer(calibratedFixture()), decision, 'a carried one is told of in its section alone');

    // A claim on latency under any name is an answer of its own; one that is on no latency is none.
    const named = placebosAloneFixture();
    const c1b = analysis.verdicts.find((v) => v.claim === 'C1b')!;
    named.verdicts.push({ ...c1b, claim: 'ours' });
    assert.deepEqual(answer(named).slice(0, 2), [
      'No claim on what the gateway adds to a tool call was judged.',
      calibrationFinding(named.calibration!),
    ]);
    const other = placebosAloneFixture();
    other.verdicts.push({ ...c1b, claim: 'C3', metric: 'retry401_shift' });
    assert.equal(answer(other)[0], calibrationFinding(other.calibration!));
  });

  test('tells what is not resolved from what is wrong, and finds nothing where nothing was measured', () => {
    const { calibration: held } = miscalibratedFixture();
    for (const i of held!.increments) if (i.result === 'wrong') i.result = 'resolved';
    assert.equal(
      calibrationFinding(held!),
      'No known increment was reported wrongly. Right: 0′ − 0 ms, 0.25 − 0 ms and 8 − 7 ms at p50 and p95; 26 − 25 ms at p95. Not resolved: 26 − 25 ms at p50.',
    );
    for (const i of held!.increments) if (i.result !== null) i.result = 'not resolved';
    assert.match(
      calibrationFinding(held!),
      /^No known increment was resolved, .* reports: 0′ − 0 ms, .* at p50 and p95\.$/,
    );
    const [step] = held!.increments.filter((i) => i.arm_ms === 8 && i.metric === 'felt_p50_shift');
    for (const results of [
      ['resolved', 'not resolved'],
      ['not resolved', 'resolved'],
    ] as const) {
      const places = results.map((result) => ({ ...step!, result }));
      assert.match(
        calibrationFinding({ ...held!, increments: places }),
        /^No known increment was resolved, .*: 8 − 7 ms at p50\.$/,
        'of two places the worse one counts',
      );
    }
    held!.increments = held!.increments.filter((i) => i.result === null);
    assert.equal(calibrationFinding(held!), 'No known increment was measured.');
  });

  test('is drawn with its intervals and limits, and its texts are no markup', async () => {
    for (const analysis of [calibratedFixture(), hostileCalibratedFixture()]) {
      const charts = await renderCharts(analysis);
      const html = reportHtml(analysis, charts);
      assert.equal(readMarkup(html).fault, null);
      assert.match(html, /<figure id="chart-calibration"/);
      assert.doesNotMatch(html, /<script|onerror=/);
    }
    const [spec] = (await renderCharts(calibratedFixture())).filter((c) => c.name === 'calibration');
    const values = (spec!.spec as unknown as { data: { values: { row: string; from: number; to: number }[] } }).data
      .values;
    assert.equal(values.length, 8, 'judged increments at p50 and p95');
    assert.deepEqual([...new Set(values.map((v) => v.to))].sort(), [100, 250]);
    assert.ok(values.every((v) => v.from === -v.to));
  });
});
