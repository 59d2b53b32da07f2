import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { charts, renderCharts } from '../charts/index.ts';
import { markdownSummary } from '../markdown.ts';
import { fixture } from '../testing/fixture.ts';
import { calibratedFixture, hostileCalibratedFixture } from '../testing/fixture-calibration.ts';
import { attackedFixture, hostileAttackedFixture } from '../testing/fixture-security.ts';
import {
  attachedFixture,
  emptyFixture,
  hostileFixture,
  requiredFixture,
  ruled,
  smokeFixture,
  standardFixture,
  troubledFixture,
} from '../testing/variants.ts';
import { type Element, readMarkup } from '../testing/well-formed.ts';
import { reportHtml } from './index.ts';
import { style } from './style.ts';

const page = async (analysis: Analysis): Promise<string> => reportHtml(analysis, await renderCharts(analysis));
/** Text as a reader sees it, entities and non-breaking spaces resolved. */
const textOf = (html: string): string =>
  html
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('\u00a0', ' ')
    .replace(/\s+/g, ' ');
/** The row of a table that carries an id. */
const rowOf = (html: string, id: string): string =>
  textOf(html.slice(html.indexOf(`<tr id="${id}"`)).split('</tr>')[0]!);

const variants = {
  quick: fixture,
  standard: standardFixture,
  smoke: smokeFixture,
  empty: emptyFixture,
  troubled: troubledFixture,
  attached: attachedFixture,
  hostile: hostileFixture,
  required: requiredFixture,
  attacked: attackedFixture,
  'hostile and attacked': hostileAttackedFixture,
  calibrated: calibratedFixture,
  'hostile and calibrated': hostileCalibratedFixture,
};

function checkLinks(elements: readonly Element[]): void {
  const ids = elements.flatMap((e) => e.attributes.get('id') ?? []);
  assert.equal(new Set(ids).size, ids.length, `ids twice: ${ids.filter((id, i) => ids.indexOf(id) !== i)}`);
  for (const e of elements) {
    const href = e.attributes.get('href');
    if (href === undefined) continue;
    assert.match(href, /^#/, 'links stay on the page');
    assert.ok(ids.includes(href.slice(1)), `${href} leads nowhere`);
  }
  for (const e of elements) {
    const labels = (e.attributes.get('aria-labelledby') ?? '').split(' ').filter((l) => l !== '');
    for (const label of labels) assert.ok(ids.includes(label), `${label} labels ${e.name} and is not there`);
  }
}

for (const [variant, build] of Object.entries(variants)) {
  test(`${variant}: well-formed, loads nothing, runs nothing, every link leads somewhere`, async () => {
    const html = await page(build());
    const { fault, elements } = readMarkup(html);
    assert.equal(fault, null);
    checkLinks(elements);
    const names = new Set(elements.map((e) => e.name));
    for (const name of [
      'script',
      'link',
      'img',
      'iframe',
      'object',
      'embed',
      'base',
      'form',
      'foreignObject',
      'image',
      'use',
    ]) {
      assert.ok(!names.has(name), `<${name}>`);
    }
    for (const e of elements) {
      for (const [attribute, value] of e.attributes) {
        assert.doesNotMatch(attribute, /^(on|src|srcset|data$|action|formaction|poster|background)/);
        assert.doesNotMatch(value, /^\s*javascript:/i);
        if (/url\(/i.test(value)) assert.match(value, /^url\(#[\w-]+\)$/);
      }
    }
    assert.doesNotMatch(style, /url\(|@import|expression\(/);
    assert.doesNotMatch(html, /undefined|NaN|\[object |null</);
    assert.match(html, /Content-Security-Policy" content="default-src 'none'/);
  });
}

test('landmarks and headings: one h1, no level skipped, tables with captions and scopes, scrolling reachable by keyboard', async () => {
  const { elements } = readMarkup(await page(fixture()));
  const count = (name: string) => elements.filter((e) => e.name === name).length;
  assert.deepEqual([count('main'), count('nav'), count('header'), count('footer'), count('h1')], [1, 1, 1, 1, 1]);
  let last = 0;
  for (const level of elements.filter((e) => /^h[1-6]$/.test(e.name)).map((e) => Number(e.name[1]))) {
    assert.ok(level <= last + 1, `h${level} after h${last}`);
    last = level;
  }
  assert.equal(count('table'), count('caption'));
  assert.ok(
    elements.filter((e) => e.name === 'th').every((e) => ['row', 'col'].includes(e.attributes.get('scope') ?? '')),
  );
  assert.ok(
    elements
      .filter((e) => /^(scroll|plot)/.test(e.attributes.get('class') ?? ''))
      .every((e) => e.attributes.get('tabindex') === '0'),
  );
  assert.equal(elements[0]!.attributes.get('lang'), 'en');
});

test('the top answers: question, figure, meaning, kind of campaign', async () => {
  const html = await page(fixture());
  const top = textOf(html.slice(html.indexOf('<header>'), html.indexOf('</header>')));
  assert.match(top, /Where should the security of our agents live\?/);
  assert.match(top, /0\.41 ms higher on arm gateway \(controls at the gateway\) than on arm native/);
  assert.match(top, /The claimed 5 to 15 ms is refuted for these subjects: the price is lower\./);
  assert.match(top, /This is a quick campaign of 8 blocks/);
});

test('a verdict’s row: claim, verdict, estimate, interval, n, margin, modelled subject, why, link to the evidence', async () => {
  const analysis = fixture();
  const html = await page(analysis);
  const row = rowOf(html, 'verdicts-1');
  for (const part of [
    'C1b',
    'refuted',
    '0.41 ms, 90 % interval 0.39 to 0.43 ms',
    'n = 4,800',
    '5 ms to 15 ms',
    'a model of the article’s claims',
    'Wholly outside the margin',
    'network, TLS or a policy service',
  ]) {
    assert.ok(row.includes(part), `${part} in ${row}`);
  }
  const target = analysis.verdicts[1]!.evidence[0]!.pointer.replace('/comparisons/', 'comparisons-');
  assert.ok(html.includes(`href="#${target}"`));
  assert.match(
    rowOf(html, target),
    /p95 latency of tool calls .* gateway − native .* 0\.41 ms 0\.39 to 0\.43 ms attained 96\.1 %/,
  );
});

test('every piece of evidence that points into the file leads to a row', async () => {
  const analysis = standardFixture();
  const html = await page(analysis);
  for (const verdict of analysis.verdicts) {
    for (const { pointer } of verdict.evidence)
      assert.match(html, new RegExp(`title="analysis.json ${pointer}"`), pointer);
  }
});

test('per-arm tables hold the figures of the analysis', async () => {
  const analysis = fixture();
  const at = analysis.arms.findIndex((a) => a.phase === 'latency' && a.arm === 'gateway');
  Object.assign(analysis.arms[at]!, { p95_us: 7777.4, p95_ci: [7001, 8002] });
  const cycle = analysis.arms.findIndex((a) => a.phase === 'lifecycle' && a.arm === 'native-regressed');
  const html = await page(analysis);
  assert.match(rowOf(html, `arms-${at}-latency`), /7,777 7,001 to 8,002/);
  assert.match(rowOf(html, `arms-${at}-resources`), /agent: 142 \(9\.0\)/);
  const retry = rowOf(html, `arms-${cycle}-retry401`);
  assert.match(retry, /13\.4 %/);
  assert.match(retry, /206 expired \(agent\) 8 revoked \(agent\)/);
  assert.match(retry, /188 of 1,600 10\.1 % to 13\.5 %/);
  const silent = analysis.arms.findIndex((a) => a.phase === 'lifecycle' && a.arm === 'gateway');
  assert.match(rowOf(html, `arms-${silent}-retry401`), /none seen at most 0\.23 %/);
});

test('what was not estimated is a dash or is said, never a zero', async () => {
  const analysis = smokeFixture();
  const html = await page(analysis);
  const at = analysis.arms.findIndex((a) => a.phase === 'latency');
  assert.match(rowOf(html, `arms-${at}-latency`), / 201 288 – 282|direct .* – /);
  assert.match(rowOf(html, 'verdicts-1'), /no interval/);
  assert.match(rowOf(html, 'comparisons-0'), / none /);
});

test('a quantile that lies among calls which ended badly is not reached; the dash is for what was not seen', async () => {
  const analysis = fixture();
  const at = analysis.arms.findIndex((a) => a.phase === 'latency' && a.arm === 'gateway');
  const row = async (): Promise<string> => rowOf(await page(analysis), `arms-${at}-latency`);
  const arm = analysis.arms[at]!;
  const curve = analysis.distributions.find((d) => d.arm === 'gateway' && d.condition === arm.condition)!;
  arm.outcomes = { ok: 2_160, denied: 40, failed: 100, timeout: 90, lost: 10 };
  Object.assign(arm, { p95_us: null, p95_ci: null, p99_us: null, p99_ci: null });
  Object.assign(arm.hop, { p95_us: null, p99_us: null, gateway_self_p95_us: null });
  curve.points = [
    { p: 0.5, us: 499 },
    { p: 0.88, us: 640.4 },
  ];
  assert.match(
    await row(),
    /gateway tool-chain · instant\/c1\/http 2,400 499 495 to 503 ≥ 640 not reached: 10 % failed ≥ 640 not reached: 10 % failed \d+ 359 not reached 10 % failed not reached 10 % failed not reached 10 % failed $/,
  );
  arm.hop.p50_us = null;
  assert.match(await row(), /10 % failed \d+ – – – – $/, 'no span was seen: nothing tells of the hop');
  Object.assign(arm, {
    p50_us: null,
    p50_ci: null,
    outcomes: { ok: 0, denied: 0, failed: 0, timeout: 2_400, lost: 0 },
  });
  curve.points = [];
  assert.match(await row(), /2,400 not reached 100 % failed not reached 100 % failed not reached 100 % failed/);
  const text = textOf(await page(analysis));
  assert.match(text, /“≥” is then the highest quantile below it that was answered/);
  assert.doesNotMatch(text, /not estimated, too few calls/);
});

test('an interval whose level is nominal is not said to attain one, and every method is named', async () => {
  const analysis = fixture();
  const html = await page(analysis);
  const rates = analysis.comparisons.findIndex((c) => c.method === 'block_bootstrap');
  assert.match(rowOf(html, `comparisons-${rates}`), /percentage points nominal 95 %/);
  assert.match(rowOf(html, 'comparisons-0'), /attained 96\.1 %/);
  const text = textOf(html);
  for (const method of ['signed_rank', 'paired_t', 'block_bootstrap', 'zero_bound'])
    assert.match(text, new RegExp(`${method} , of `), method);
  assert.match(text, /the mean over blocks with Student’s interval/);
});

test('the gap between felt and spans is laid to the agent and the tool, which lie outside of an attempt’s hop', async () => {
  const text = textOf(await page(fixture()));
  const said =
    'The gap is what neither the wire nor the gateway shows: token handling in the agent, and token checks at the tool.';
  assert.ok(text.includes(said));
  assert.doesNotMatch(text, /self-reported timings hide|no tier reports/);
});

test('the rules by which thresholds and errors are counted are told', async () => {
  const text = textOf(await page(requiredFixture()));
  assert.match(text, /“= 100 %” and “= 0 %” are counted, and no interval is asked: .* broken by a single one/);
  assert.match(text, /Every call that did not end well is an error, a denied one too/);
  assert.doesNotMatch(text, /Denials that were expected are no errors/);
});

test('what was waited for a quiet machine is told beside the gates', async () => {
  assert.match(
    textOf(await page(fixture())),
    /its blocks waited 18 s before they were timed and 6 s \(2 times\) between their slices\. 350 calls of rounds .* were measured again/,
  );
});

test('a gate without a reading is unknown: in the count, in its row, and in every reading', async () => {
  const analysis = fixture();
  const blind = analysis.gates.filter((g) => g.name === 'CPU steal').slice(0, 3);
  for (const gate of blind) Object.assign(gate, { value: null, limit: null });
  const html = await page(analysis);
  const text = textOf(html);
  assert.match(text, /21 of 24 readings held, 3 could not be taken\. 0 blocks voided, 8 kept/);
  assert.match(text, /CPU steal held \(5 of 8\); unknown \(3 of 8\)/);
  assert.match(rowOf(html, `gates-${analysis.gates.indexOf(blind[0]!)}`), /CPU steal 0 unknown unknown unknown/);
  for (const gate of analysis.gates.filter((g) => g.name === 'CPU steal')) gate.value = null;
  assert.match(textOf(await page(analysis)), /CPU steal unknown \(8 of 8\)/);
});

test('trouble is told: failed gates, warnings with their mend, an A/A pair that fails, other methods that disagree', async () => {
  const html = await page(troubledFixture());
  const text = textOf(html);
  assert.match(text, /2 of 24 readings failed\. 1 block voided, 8 kept/);
  assert.match(text, /generator on time failed in block 0 2\.40 ms 1\.00 ms voids the block/);
  assert.match(text, /It caps C1b at inconclusive\. What to do: Run longer blocks\./);
  assert.match(rowOf(html, 'aa-0'), /fails$|fails /);
  assert.match(rowOf(html, 'aa-1'), /resolution not shown/);
  assert.match(rowOf(html, 'comparisons-0'), /tells another story/);
  assert.match(
    text,
    /None yet\. Reason: the price of the gateway in latency is not settled: a warning about the data caps it/,
  );
  assert.match(text, /weighbridge-tools: 3 lines without a span/);
});

test('a warning says what it cannot turn, on the page and in the summary', async () => {
  const analysis = fixture();
  const why = 'each of the 8 blocks by itself lies on the same side of the margin';
  analysis.warnings.push({
    code: 'serial',
    message: 'Alike.',
    mend: 'Wait.',
    caps: [],
    stands: { claims: ['C1b'], why },
  });
  assert.ok(textOf(await page(analysis)).includes(`It caps no verdict. It cannot turn C1b: ${why}. What to do: Wait.`));
  assert.ok(markdownSummary(analysis).includes(`Alike. Cannot turn C1b: ${why}.`));
});

test('thresholds stand in a section of their own, with figure, interval and reason; where there are none, there is none', async () => {
  const html = await page(requiredFixture());
  assert.match(
    rowOf(html, 'thresholds-0'),
    /gateway\.felt_p95_shift < 1 ms ✓ held .*0\.41 ms, 95 % interval 0\.39 to 0\.43 ms/,
  );
  assert.match(rowOf(html, 'thresholds-1'), /✕ broke .*0\.31 ms beyond it\..*Subject: /);
  assert.match(rowOf(html, 'thresholds-2'), /\? inconclusive not estimated/);
  assert.match(rowOf(html, 'thresholds-3'), /none seen, 95 % interval .* 3 more/);
  assert.match(html, /<a href="#thresholds">/);
  assert.doesNotMatch(await page(fixture()), /id="thresholds"|#thresholds/);
});

test('a verdict that is decided and bears no weight says so in its row', async () => {
  const analysis = ruled(fixture(), []);
  analysis.campaign.status = 'aborted';
  assert.match(
    rowOf(await page(analysis), 'verdicts-1'),
    /refuted bears no weight: the campaign was stopped before its end/,
  );
});

test('a chart that could not be drawn says why in its place', async () => {
  const text = textOf(await page(emptyFixture()));
  for (const chart of charts) assert.ok(text.includes(`Not drawn. ${chart.absent}`), chart.name);
});

test('every drawn chart stands with how to read it and what it does not show', async () => {
  const { calibration } = calibratedFixture();
  const html = await page({ ...attackedFixture(), calibration });
  const text = textOf(html);
  for (const chart of charts) {
    assert.ok(html.includes(`<figure id="chart-${chart.name}"`), chart.name);
    assert.ok(text.includes(`How to read it. ${chart.read}`), chart.name);
    assert.ok(text.includes(`What it does not show. ${chart.limits}`), chart.name);
  }
});

/** Relative luminance and contrast: WCAG 2.2, success criterion 1.4.3. */
function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [r, g, bl] = [1, 3, 5]
      .map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * bl!;
  };
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (hi! + 0.05) / (lo! + 0.05);
}

test('text has a contrast of at least 4.5 to 1, in the light and in the dark', () => {
  const modes = [...style.matchAll(/:root\{([^}]*)\}/g)].map(
    (m) => new Map([...m[1]!.matchAll(/--(\w+):(#\w{6})/g)].map((v) => [v[1]!, v[2]!])),
  );
  assert.equal(modes.length, 2);
  for (const colours of modes) {
    for (const name of ['ink', 'soft', 'link', 'confirmed', 'refuted', 'mixed', 'inconclusive']) {
      for (const ground of ['paper', 'warn'])
        assert.ok(contrast(colours.get(name)!, colours.get(ground)!) >= 4.5, `${name} on ${ground}`);
    }
  }
});

test('under load: what each arm carries, how each step ended, and what the figures rest on', async () => {
  const analysis = fixture();
  const arm = analysis.load!.arms.find((a) => a.arm === 'gateway')!;
  const last = arm.open.at(-1)!;
  last.outcomes = { ...last.outcomes, timeout: 17, unsent: 4_321 };
  arm.saturation = { workers: 32, served_per_s: 1_487.2, ci95: [1_401.4, 1_502.6] };
  const html = await page(analysis);
  const text = textOf(html.slice(html.indexOf('<section id="load"'), html.indexOf('<section id="tokens"')));
  assert.match(text, /17 timeout/);
  assert.match(text, /4,321 unsent/);
  assert.match(text, /≥ 10,000/, 'a p99 that fell on a call that was not served');
  assert.match(text, /1,487 1,401 to 1,503 32 3\.4 3\.1 to 3\.9 none 40\.2 to beyond reach/);
  assert.match(text, /agent: 210 \(22\)/);
  assert.ok(text.includes(analysis.load!.remarks[0]!));
  assert.doesNotMatch(text, /The load phase was not run in this campaign/);
});

test('under load: probes stand beside the arms, and what claims are judged by has a row each, which their figures lead to', async () => {
  const analysis = fixture();
  const index = analysis.load!.metrics.findIndex((m) => m.metric === 'frontier_p99_10ms' && m.arm === 'gateway');
  const { estimate, ci90, unit, n } = analysis.load!.metrics[index]!;
  const [first] = analysis.verdicts;
  analysis.verdicts.push({
    ...first!,
    claim: 'our-load',
    metric: 'frontier_p99_10ms',
    evidence: [{ label: 'gateway under load', pointer: `/load/metrics/${index}`, estimate, ci: ci90, unit, n }],
  });
  const html = await page(analysis);
  assert.ok(html.includes(`<a href="#load-metrics-${index}"`));
  assert.ok(html.includes(`id="load-metrics-${index}"`));
  const text = textOf(html.slice(html.indexOf('<section id="load"'), html.indexOf('<section id="tokens"')));
  assert.match(text, /Probe: autocannon against one tier alone/);
  assert.match(text, /tools 16 6 54,000 9,400\.0/);
  assert.match(text, /gateway of gateway 16/);
  assert.match(text, /Waiting for a CPU, µs/);
  assert.match(text, /frontier_p99_10ms highest offered rate with a p99 under 10 ms gateway/);
  assert.doesNotMatch(text, /not whole/);
  const [gate] = analysis.gates;
  const lost = { ...gate!, name: 'probe of tools (direct) complete', block: 3, ok: false, voids: false };
  const marked = textOf(await page({ ...analysis, gates: [...analysis.gates, lost] }));
  assert.match(marked, /tools 16 6 54,000 not whole: requests without a sample in 1 block 9,400\.0/);
  assert.equal(marked.match(/not whole/g)!.length, 1, 'the other probe is whole');
  const without = textOf(await page({ ...analysis, load: { ...analysis.load!, probes: [] } }));
  assert.doesNotMatch(without, /autocannon/);
});

test('under load: an arm without a CPU time per call has a dash for it, not a nought', async () => {
  const analysis = fixture();
  analysis.load!.arms.find((a) => a.arm === 'gateway')!.cpu_us_per_call = [];
  const html = await page(analysis);
  const hosts = textOf(html.slice(html.indexOf('id="load-host-table"')));
  assert.match(hosts, /gateway –/);
});

test('a campaign that did not press its arms says so', async () => {
  const text = textOf(await page({ ...fixture(), load: null }));
  assert.match(text, /The load phase was not run in this campaign/);
  assert.match(text, /Load: throughput, queues and saturation\. Every figure is from arms that were not pressed/);
});
