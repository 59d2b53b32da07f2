import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decisionRecord } from './adr/index.ts';
import { markdownSummary } from './markdown.ts';
import { fixture } from './testing/fixture.ts';
import {
  attachedFixture,
  emptyFixture,
  hostileFixture,
  requiredFixture,
  smokeFixture,
  standardFixture,
  troubledFixture,
} from './testing/variants.ts';

test('question, answer, verdicts with subjects and intervals, thresholds, gates, warnings, files', () => {
  const text = markdownSummary(requiredFixture());
  const lines = text.split('\n');
  assert.equal(lines[0], '# Where should the security of our agents live?');
  assert.match(lines[2]!, /0\.41 ms higher/);
  const c1b = lines.find((l) => l.startsWith('| C1b |'))!;
  assert.match(
    c1b,
    /\*\*refuted\*\* \| 0\.41 ms \(90 %: 0\.39 to 0\.43 ms\) in tool-chain · instant\/c1\/http; .* \| 5 ms to 15 ms \| weighbridge-gateway@/,
  );
  assert.ok(text.includes('| added.felt_p95_shift | &lt; 0.1 ms | **broke** | Broke: '));
  assert.match(text, /All 24 readings held\. 8 blocks kept, 0 voided\./);
  assert.match(text, /^- p99 is not estimated as a shift/m);
  assert.match(text, /\[report\.html\]\(report\.html\) · \[adr\.md\]\(adr\.md\)/);
  assert.ok(text.includes('a3'.repeat(32)));
});

test('a difference of shares is in percentage points, in the table of verdicts and in the decision record', () => {
  assert.match(
    markdownSummary(fixture()),
    /\| C3 \| \*\*confirmed\*\* \| −12\.4 percentage points \(90 %: −14\.1 to −10\.7 percentage points\) in/,
  );
  const record = decisionRecord(fixture(), { digest: 'd' });
  assert.match(record, /\| C3 \|.*\| −12\.4 percentage points \| −14\.1 to −10\.7 percentage points \(90 %\) \|/);
});

test('a reading that could not be taken is told as unknown, and not as held', () => {
  const analysis = fixture();
  const note = 'CPU steal and foreign load are unknown';
  const gate = { name: 'machine to ourselves', limit: null, unit: 'share', ok: true, voids: false, note };
  analysis.gates.push({ ...gate, block: 0, value: null }, { ...gate, block: 1, value: null });
  assert.match(
    markdownSummary(analysis),
    /24 of 26 readings held, 2 could not be taken \(machine to ourselves\)\. 8 blocks kept/,
  );
  analysis.gates[0]!.ok = false;
  assert.match(
    markdownSummary(analysis),
    /1 of 26 readings failed \(generator on time\), 2 could not be taken \(machine to ourselves\)\./,
  );
});

test('what broke stands first, then what is open', () => {
  const rows = markdownSummary(requiredFixture())
    .split('\n')
    .filter((l) => /\| (\*\*broke\*\*|held|inconclusive) \|/.test(l) && l.includes('&lt;'));
  assert.deepEqual(
    rows.map((r) => r.split(' | ')[2]),
    ['**broke**', 'inconclusive', 'held', 'held'],
  );
});

test('no section of thresholds where nothing was required; trouble is told', () => {
  assert.doesNotMatch(markdownSummary(fixture()), /Thresholds/);
  const text = markdownSummary(troubledFixture());
  assert.match(text, /2 of 24 readings failed \(.*generator on time/);
  assert.match(text, /Caps C1b\./);
  assert.match(markdownSummary(emptyFixture()), /No claim was judged\./);
});

test('at most 60 lines, whatever there is, and tables stay tables', () => {
  const crowded = standardFixture();
  const many = requiredFixture().thresholds;
  crowded.thresholds = Array.from({ length: 40 }, (_, i) => ({ ...many[i % many.length]!, threshold: `t|${i}\n# x` }));
  crowded.verdicts = Array.from({ length: 40 }, (_, i) => ({ ...crowded.verdicts[i % 6]!, claim: `C|${i}` }));
  crowded.warnings = Array.from({ length: 40 }, (_, i) => ({
    code: `w${i}`,
    message: `${'long '.repeat(200)}\n- x`,
    mend: '',
    caps: i === 30 ? ['C1b'] : [],
  }));
  for (const g of crowded.gates) g.ok = false;
  for (const analysis of [
    crowded,
    fixture(),
    requiredFixture(),
    smokeFixture(),
    troubledFixture(),
    attachedFixture(),
    emptyFixture(),
    hostileFixture(),
  ]) {
    const text = markdownSummary(analysis);
    const lines = text.trimEnd().split('\n');
    assert.ok(lines.length <= 60, `${lines.length} lines`);
    assert.doesNotMatch(text, /undefined|NaN|\[object |<script/);
    assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}/u);
    for (const row of lines.filter((l) => l.startsWith('|'))) {
      const cells = row.replace(/\\\|/g, '').split('|').length - 2;
      assert.ok(cells === 4 || cells === 5, row);
    }
  }
  const text = markdownSummary(crowded);
  assert.match(text, /and 28 more in \[report\.html\]/);
  assert.match(text, /Caps C1b\./, 'a warning that caps is not cut away');
});

test('the same analysis gives the same bytes', () => {
  assert.equal(markdownSummary(requiredFixture()), markdownSummary(requiredFixture()));
});
