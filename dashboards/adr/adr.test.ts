import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { Analysis, Verdict } from '#contract/analysis.ts';
import { fixture } from '../testing/fixture.ts';
import { attackedFixture } from '../testing/fixture-security.ts';
import {
  attachedFixture,
  emptyFixture,
  hostileFixture,
  ruled,
  smokeFixture,
  standardFixture,
  troubledFixture,
} from '../testing/variants.ts';
import { decisionRecord } from './index.ts';

const digest = 'beef'.repeat(16);
const record = (analysis: ReturnType<typeof fixture>) => decisionRecord(analysis, { digest });
const variants = {
  quick: fixture,
  standard: standardFixture,
  smoke: smokeFixture,
  empty: emptyFixture,
  troubled: troubledFixture,
  attached: attachedFixture,
  hostile: hostileFixture,
};
const headings = (text: string) => text.split('\n').filter((l) => /^#+ /.test(l));

/** The parts of MADR 4.0.0, and those that this project adds under More Information. */
const parts = [
  '## Context and Problem Statement',
  '## Decision Drivers',
  '## Considered Options',
  '## Decision Outcome',
  '### Consequences',
  '### Confirmation',
  '## Pros and Cons of the Options',
  '### Native',
  '### Gateway',
  '### Layered',
  '### None',
  '## More Information',
  '### Evidence',
  '### To quote as it stands',
  '### What was not tested',
  '### When to look again',
  '### Where the figures come from',
];

for (const [variant, build] of Object.entries(variants)) {
  test(`${variant}: exactly the parts of the form, sound front matter, sound tables`, () => {
    const text = record(build());
    const found = headings(text).map((h) => (h.startsWith('### Gateway ') ? '### Gateway' : h));
    const form = found.filter((h, i) => h !== found[i - 1]);
    assert.deepEqual(form, ['# Where the security of agents’ tool calls lives', ...parts]);
    const [, front] = /^---\n([\s\S]*?)\n---\n/.exec(text)!;
    const { status, date } = parse(front!) as { status: string; date: string };
    assert.equal(status, 'proposed');
    assert.equal(date, '2026-03-01');
    assert.doesNotMatch(text, /undefined|NaN|null|\[object/);
    assert.doesNotMatch(text.slice(text.indexOf('\n---\n') + 5), /<\w/, 'no HTML gets through');
    const tables = text.split('\n\n').filter((b) => b.startsWith('| '));
    for (const table of tables) {
      const widths = table
        .trim()
        .split('\n')
        .map((l) => l.replaceAll('\\|', '').split('|').length);
      assert.equal(new Set(widths).size, 1, table.slice(0, 200));
    }
  });
}

test('evidence: verdicts with margin, n and pointer; prices with interval', () => {
  const analysis = fixture();
  const text = record(analysis);
  const { pointer } = analysis.verdicts[1]!.evidence[0]!;
  assert.ok(
    text.includes(
      `| C1b | refuted | tool-chain · instant/c1/http | 0.41 ms | 0.39 to 0.43 ms (90 %) | 4,800 | 5 ms to 15 ms | ${pointer} |`,
    ),
  );
  assert.match(
    text,
    /\| felt_p95_shift \| gateway − native \| tool-chain · instant\/c1\/http \| 0\.41 ms \| 95 % interval 0\.39 to 0\.43 ms, attained level 96\.1 % \| 8 \| 4,800 \|/,
  );
});

test('the quotable sentence holds estimate, interval, n, blocks, subjects, campaign and digest', () => {
  const [, quote] = /\n> (.*)\n/.exec(record(fixture()))!;
  for (const part of [
    '0.41 ms higher',
    '95 % interval 0.39 to 0.43 ms',
    '4,800 calls',
    '8 blocks',
    'weighbridge-gateway@0.1.0',
    'weighbridge-agent@0.1.0',
    '20260301T101500Z-5e1f',
    digest,
  ])
    assert.ok(quote!.includes(part), part);
});

test('the outcome is a function of the verdict', () => {
  const chosen = (verdict: Verdict['verdict'], times: number) =>
    /Chosen option: (.*?), because/.exec(record(ruled(fixture(), [{ claim: 'C1b', verdict, times }])))![1];
  assert.equal(chosen('refuted', 1), 'No option is ruled out by latency; choose by the other drivers');
  assert.equal(chosen('refuted', 60), 'Native, as far as latency decides');
  assert.equal(chosen('confirmed', 24), 'Native, as far as latency decides');
  assert.equal(chosen('mixed', 20), 'No single option; decide per workload');
  assert.equal(chosen('inconclusive', 12), 'None yet');
});

test('nothing is recommended by a campaign that cannot carry it', () => {
  for (const build of [smokeFixture, troubledFixture, emptyFixture]) {
    const outcome = record(build()).split('## Decision Outcome')[1]!.split('### Consequences')[0]!;
    assert.match(outcome, /Chosen option: None/);
    assert.doesNotMatch(outcome, /as far as latency decides|choose by the other drivers/);
  }
});

test('prices count for or against only where their interval leaves zero out', () => {
  const native = (analysis: ReturnType<typeof fixture>) =>
    record(analysis).split('### Native')[1]!.split('### Gateway')[0]!;
  assert.match(native(fixture()), /\* Bad, because the p95 latency of tool calls was 0\.07 ms higher on arm native/);
  const open = fixture();
  const price = open.comparisons.find(
    (c) => c.metric === 'felt_p95_shift' && c.arm === 'native' && c.baseline === 'direct',
  )!;
  price.ci95 = [-20, 150];
  assert.match(native(open), /\* Neutral, because the p95 latency .* which this campaign cannot tell from nothing/);
  price.ci95 = [-90, -40];
  assert.match(native(open), /\* Good, because the p95 latency/);
  assert.match(native(smokeFixture()), /\* Neutral, because the p95 latency/);
  assert.match(native(emptyFixture()), /its price in latency was not measured/);
});

test('prices are neutral, with the reason, where the campaign or its pairs of equals leave them in doubt', () => {
  const native = (analysis: Analysis) => record(analysis).split('### Native')[1]!.split('### Gateway')[0]!;
  const sides = (analysis: Analysis) =>
    [...native(analysis).matchAll(/\* (\w+), because the (p95|CPU)/g)].map((m) => `${m[2]} ${m[1]}`);
  assert.deepEqual(sides(fixture()), ['p95 Bad', 'CPU Bad']);
  const void_ = fixture();
  void_.warnings.push({ code: 'every_block_void', message: 'm', mend: 'n', caps: [] });
  assert.deepEqual(sides(void_), ['p95 Neutral', 'CPU Neutral']);
  assert.match(native(void_), /which bears no weight, since every block is void/);
  for (const [name, reason] of [
    ['parity', 'the arms did not do the same job'],
    ['blocks voided', 'too many of its blocks are void'],
  ] as const) {
    const failed = fixture();
    failed.gates.push({ ...failed.gates[0]!, name, block: null, ok: false });
    assert.deepEqual(sides(failed), ['p95 Neutral', 'CPU Neutral'], name);
    assert.match(native(failed), new RegExp(`which bears no weight, since ${reason}`));
  }
  for (const result of ['fails', 'resolution not shown'] as const) {
    const unequal = fixture();
    unequal.aa[0]!.result = result;
    assert.deepEqual(sides(unequal), ['p95 Neutral', 'CPU Bad'], `${result}: CPU time is none on times`);
    unequal.aa[0]!.result = 'passes';
    unequal.aa[1]!.result = result;
    assert.deepEqual(sides(unequal), ['p95 Bad', 'CPU Bad'], `${result} elsewhere`);
  }
  assert.deepEqual(sides({ ...fixture(), aa: [] }), ['p95 Neutral', 'CPU Bad'], 'no arm was weighed twice');
});

test('what tokens do that expire is said to be compared only where the lifecycle was run', () => {
  const driver = (analysis: Analysis) =>
    /\*\*Failures when tokens expire or are revoked\.\*\* (.*)/.exec(record(analysis))![1]!;
  assert.match(
    driver(fixture()),
    /^Compared, as the evidence below shows: token handling .* \(claim C3: confirmed\) and .* \(claim C6: confirmed\)\.$/,
  );
  const analysis = fixture();
  analysis.verdicts = analysis.verdicts.filter((v) => v.claim !== 'C3');
  assert.match(driver(analysis), /shows: the error budgets of both paths \(claim C6: confirmed\)\.$/);
  analysis.verdicts = analysis.verdicts.filter((v) => v.claim !== 'C6');
  assert.match(driver(analysis), /^Measured, but no claim on it was judged/);
  analysis.arms = analysis.arms.filter((a) => a.phase !== 'lifecycle');
  assert.match(driver(analysis), /^Not measured: the lifecycle phase was not run/);
  assert.doesNotMatch(driver(analysis), /compared/i);
});

test('throughput and its price stand at each option and in a table, with their pointers', () => {
  const analysis = fixture();
  const at = (metric: string, baseline: string | null) =>
    analysis.load!.metrics.findIndex((m) => m.metric === metric && m.arm === 'gateway' && m.baseline === baseline);
  const ratio = analysis.load!.metrics[at('frontier_p99_10ms_ratio', 'direct')]!;
  ratio.ci95 = [0.4, 0.6];
  const text = record(analysis);
  assert.match(
    text,
    /\*\*Throughput under load, and its price\.\*\* The highest offered rate with a p99 under 10 ms was, each arm alone/,
  );
  const gateway = text.split('### Gateway')[1]!.split('### Layered')[0]!;
  assert.match(
    gateway,
    /\* Bad, because under load, the highest offered rate with a p99 under 10 ms was 1,000 calls\/s/,
  );
  assert.ok(gateway.includes(`/load/metrics/${at('frontier_p99_10ms', null)}`));
  const side = () => /\* (\w+), because under load, the highest/.exec(record(analysis).split('### Gateway')[1]!)![1];
  const { warnings, gates } = analysis;
  const doubt = { code: 'load_aa_fails', message: 'For the test.', mend: 'None.', caps: [] };
  const doubted = (baseline: string | null): Analysis['warnings'][number] => ({
    ...doubt,
    doubts: [`/load/metrics/${at(`frontier_p99_10ms${baseline === null ? '' : '_ratio'}`, baseline)}`],
  });
  analysis.warnings = [...warnings, doubted('direct')];
  assert.equal(side(), 'Neutral', 'what the campaign is not shown to resolve');
  analysis.warnings = [...warnings, doubted(null)];
  assert.equal(side(), 'Bad', 'another figure is in doubt');
  analysis.warnings = warnings;
  analysis.gates = [...gates, { ...gates[0]!, name: 'blocks voided', block: null, ok: false }];
  assert.equal(side(), 'Neutral', 'too many blocks are void');
  analysis.gates = gates;
  ratio.ci95 = [0.8, 1.2];
  assert.match(record(analysis), /\* Neutral, because under load, the highest .*cannot tell from the same/);
  ratio.ci95 = [0.8, null];
  assert.match(record(analysis), /\* Neutral, because under load, the highest /);
  assert.match(text, /\| saturation\\_ratio \| gateway ÷ direct \||\| saturation_ratio \| gateway ÷ direct \|/);
});

test('a campaign without a load phase says that no throughput was measured', () => {
  const text = record({ ...fixture(), load: null });
  assert.match(text, /\*\*Throughput under load, and its price\.\*\* Not measured: the load phase was not run/);
  assert.match(text, /Throughput: none was measured, since the load phase was not run/);
  assert.doesNotMatch(text, /because under load/);
});

test('a gateway of the user’s own is an option of its own, beside or in place of the modelled one', () => {
  const analysis = attachedFixture();
  assert.ok(headings(record(analysis)).includes('### Gateway ours, arm our-gw'));
  assert.ok(headings(record(analysis)).includes('### Gateway'));
  const own = record(analysis).split('### Gateway ours')[1]!.split('### ')[0]!;
  assert.match(own, /The attached gateway, nginx@1\.22 \(real product; sidecar, http\)/);
  assert.match(
    own,
    /\* Bad, because the p95 latency of tool calls was 0\.89 ms higher on arm our-gw \(behind ours\) than on arm direct/,
  );
  assert.doesNotMatch(
    own,
    /claimed|audit log|approvals|budgets/,
    'what is claimed of gateways is claimed of no product',
  );
  analysis.campaign.arms = analysis.campaign.arms.filter((a) => a.arm !== 'gateway');
  assert.ok(!headings(record(analysis)).includes('### Gateway'));
});

test('every driver is named, with what the campaign cannot say on it', () => {
  const drivers = record(fixture()).split('## Decision Drivers')[1]!.split('## Considered')[0]!;
  for (const driver of [
    'SOC 2 Type II or ISO 27001',
    'Several frameworks',
    'compromised',
    'Approvals for payments',
    'Hardware key stores',
    'Size of the fleet',
  ])
    assert.ok(drivers.includes(driver), driver);
  assert.equal(drivers.match(/Not measured/g)!.length, 4);
});

test('it says what a digest shows and what only a signature does, and labels models', () => {
  const text = record(fixture());
  assert.match(text, /A digest shows accidents.*only a signature shows who made it/);
  assert.match(text, /a model of the article’s claims/);
  assert.match(text, /Real products: every subject is a model/);
});

test('what attacks measured is not said to be a claim', () => {
  const claims = (text: string) => text.split('\n').filter((line) => line.includes('(claimed, not measured here)'));
  assert.ok(claims(record(fixture())).length >= 5);
  const measured = record(attackedFixture());
  assert.deepEqual(claims(measured), []);
  assert.match(measured, /attacks that could be carried out on it, it stopped \d+ itself/);
});
