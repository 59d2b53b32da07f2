import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayWidth, thresholdTable, verdictTable } from './summary.ts';
import { fixture } from './testing/fixture.ts';
import {
  emptyFixture,
  hostileFixture,
  requiredFixture,
  smokeFixture,
  standardFixture,
  troubledFixture,
} from './testing/variants.ts';

test('verdict, estimate, interval and place of every claim', () => {
  const lines = verdictTable(fixture()).split('\n');
  assert.match(
    lines.find((l) => l.startsWith('C1b'))!,
    /^C1b {7}refuted {8}0\.41 ms {6}0\.39 to 0\.43 ms, 90 % {6}tool-chain · instant\/c1\/http$/,
  );
  assert.match(lines.find((l) => l.startsWith('C9'))!, /confirmed +230 µs +219 to 242 µs/);
  assert.match(lines.at(-2)!, /^This is a quick campaign/);
});

test('differences of shares are in percentage points, short in the column and in full below it', () => {
  const text = verdictTable(fixture());
  assert.match(
    text.split('\n').find((l) => l.startsWith('C3'))!,
    /^C3 {8}confirmed {6}−12\.4 pp {5}−14\.1 to −10\.7 pp, 90 % {4}tool-chain/,
  );
  assert.match(text, /^pp: percentage points/m);
  const times = fixture();
  times.verdicts = times.verdicts.filter((v) => v.claim.startsWith('C1'));
  assert.doesNotMatch(verdictTable(times), /pp/);
});

test('it fits 100 columns and holds no control character, whatever the names', () => {
  for (const build of [fixture, standardFixture, smokeFixture, troubledFixture, emptyFixture, hostileFixture]) {
    const analysis = build();
    for (const verdict of analysis.verdicts)
      verdict.evidence[0]!.label = `漢字の長い名前 ${'😀'.repeat(40)} \u001b[31m`;
    for (const line of verdictTable(analysis).split('\n')) {
      assert.ok(displayWidth(line) <= 100, `${displayWidth(line)}: ${line}`);
      assert.doesNotMatch(line, /\p{Cc}/u);
    }
  }
});

test('thresholds: each with its result; below what did not hold, why', () => {
  const analysis = requiredFixture();
  analysis.thresholds[0]!.threshold = `${'x'.repeat(150)}\u001b[31m`;
  const lines = thresholdTable(analysis).split('\n');
  for (const line of lines) {
    assert.ok(displayWidth(line) <= 100, line);
    assert.doesNotMatch(line, /\p{Cc}/u);
  }
  const broke = lines.findIndex((l) => l.startsWith('broke'));
  assert.match(lines[broke]!, /^broke {10}< 0\.1 ms {6}added\.felt_p95_shift$/);
  assert.match(lines[broke + 1]!, /^Broke: all of the interval/);
  assert.match(lines[2]!, /^held +< 1 ms/);
  assert.equal(thresholdTable(fixture()), '');
});

test('wide letters count two', () => {
  assert.equal(displayWidth('ab'), 2);
  assert.equal(displayWidth('漢字'), 4);
  assert.equal(displayWidth('😀'), 2);
  assert.equal(displayWidth('é'), 1);
});

test('a verdict that bears no weight is marked', () => {
  const analysis = fixture();
  analysis.campaign.status = 'aborted';
  const text = verdictTable(analysis);
  assert.match(text, /refuted\*/);
  assert.match(text, /\* bears no weight/);
  assert.match(text, /stopped before its end/);
});
