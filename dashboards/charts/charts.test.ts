import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { fixture } from '../testing/fixture.ts';
import { calibratedFixture, hostileCalibratedFixture } from '../testing/fixture-calibration.ts';
import { attackedFixture, hostileAttackedFixture } from '../testing/fixture-security.ts';
import {
  attachedFixture,
  emptyFixture,
  hostileFixture,
  ruled,
  smokeFixture,
  standardFixture,
  troubledFixture,
} from '../testing/variants.ts';
import { readMarkup } from '../testing/well-formed.ts';
import { charts, renderCharts } from './index.ts';
import { compileChart, renderSvg } from './render.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const draw = (name: string, analysis: Analysis) => charts.find((c) => c.name === name)!.draw(analysis)!;
const svgOf = async (name: string, analysis: Analysis) => renderSvg(name, draw(name, analysis));
/** Text as a reader sees it: non-breaking spaces are spaces. */
const textOf = (svg: string): string => svg.replace(/<[^>]*>/g, '\n').replaceAll('\u00a0', ' ');

/** Every row of inline data anywhere in a specification. */
function rowsOf(spec: unknown): Record<string, unknown>[] {
  if (Array.isArray(spec)) return spec.flatMap(rowsOf);
  if (typeof spec !== 'object' || spec === null) return [];
  const own = (spec as { data?: { values?: Record<string, unknown>[] } }).data?.values ?? [];
  return [...own, ...Object.entries(spec).flatMap(([key, value]) => (key === 'data' ? [] : rowsOf(value)))];
}

const variants = {
  quick: fixture,
  standard: standardFixture,
  smoke: smokeFixture,
  troubled: troubledFixture,
  attached: attachedFixture,
  hostile: hostileFixture,
  attacked: attackedFixture,
  'hostile and attacked': hostileAttackedFixture,
  calibration: calibratedFixture,
  'hostile and calibrated': hostileCalibratedFixture,
};
/** Attacks are in some campaigns only, and with them the chart of their races; so is a calibration. */
const drawn = (analysis: Analysis) =>
  charts
    .filter((c) => c.name !== 'escalation' || analysis.security.length > 0)
    .filter((c) => c.name !== 'calibration' || analysis.calibration !== null)
    .map((c) => c.name);

for (const [variant, build] of Object.entries(variants)) {
  test(`${variant}: every chart is drawn, without a warning, as well-formed SVG with title and description`, async () => {
    const analysis = build();
    const rendered = await renderCharts(analysis);
    assert.deepEqual(
      rendered.map((r) => r.name),
      drawn(analysis),
    );
    for (const { name, spec, svg } of rendered) {
      assert.deepEqual(compileChart(spec).warnings, [], name);
      const { fault, elements } = readMarkup(svg);
      assert.equal(fault, null, name);
      assert.equal(elements[0]!.attributes.get('role'), 'img');
      assert.deepEqual(
        elements.slice(1, 3).map((e) => e.name),
        ['title', 'desc'],
      );
      assert.doesNotMatch(svg, /NaN|undefined|Infinity|<script|<foreignObject|<image|\bon\w+="/i, name);
      assert.deepEqual(
        elements.filter((e) => e.attributes.has('href') || e.attributes.has('xlink:href')),
        [],
        name,
      );
    }
  });
}

test('an analysis without figures gives no chart, and every chart says why', async () => {
  assert.deepEqual(await renderCharts(emptyFixture()), []);
  for (const chart of charts) assert.match(chart.absent, /\.$/);
});

test('the same bytes again, in another order and in another process', async () => {
  const first = await renderCharts(fixture());
  const again = new Map((await renderCharts(fixture())).map((c) => [c.name, c.svg]));
  for (const { name, svg } of first) assert.equal(sha(svg), sha(again.get(name)!), name);
  const alone = drawn(fixture()).at(-1)!;
  assert.equal(sha(await svgOf(alone, fixture())), sha(again.get(alone)!));
  const script = `const { renderCharts } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
    const { fixture } = await import(${JSON.stringify(new URL('../testing/fixture.ts', import.meta.url).href)});
    process.stdout.write((await renderCharts(fixture())).map((c) => c.svg).join(''));`;
  const other = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  assert.equal(sha(other), sha(first.map((c) => c.svg).join('')));
});

test('ids are unique over all charts, so that they can share a page', async () => {
  const all = (await renderCharts(fixture())).flatMap(({ svg }) =>
    readMarkup(svg)
      .elements.map((e) => e.attributes.get('id'))
      .filter((id) => id !== undefined),
  );
  assert.equal(new Set(all).size, all.length);
});

test('the main chart carries the finding, the figures, the region and the subject', async () => {
  const analysis = fixture();
  const decision = analysis.comparisons.find(
    (c) => c.metric === 'felt_p95_shift' && c.arm === 'gateway' && c.baseline === 'native',
  )!;
  Object.assign(decision, { estimate: 1234.5, ci95: [1104, 1403] });
  const spec = draw('comparisons', analysis);
  const text = textOf(await svgOf('comparisons', analysis));
  assert.match(text, /The gateway adds 1\.23 ms at p95 \(95 % interval 1\.10 to 1\.40 ms\)/);
  assert.match(text, /1\.23 ms \(1\.10 to 1\.40\)/);
  assert.match(text, /weighbridge-gateway@0\.1\.0, modelled/);
  const rows = rowsOf(spec);
  assert.ok(rows.some((r) => r.ms === 1.2345 && r.lo === 1.104 && r.hi === 1.403));
  assert.ok(rows.some((r) => String(r.row).startsWith('C1b: gateway − native at p95') && r.from === 5 && r.to === 15));
});

test('the main chart draws estimates where its axis says they are', async () => {
  const analysis = ruled(fixture(), [{ claim: 'C1b', verdict: 'confirmed', times: 24 }]);
  const svg = await svgOf('comparisons', analysis);
  const claimed = svg.slice(0, svg.indexOf('Close up'));
  const bar = /<path d="M([\d.]+),[^"]*?h([\d.]+)v[^>]*#f0dcc8/.exec(claimed)!;
  const [from, width] = [Number(bar[1]), Number(bar[2])];
  const perMs = width / 10;
  const zero = from - 5 * perMs;
  const marks = [...claimed.matchAll(/<path transform="translate\(([\d.]+),[\d.]+\)"[^>]*#d55e00/g)].map(
    (m) => (Number(m[1]) - zero) / perMs,
  );
  assert.ok(
    marks.some((ms) => Math.abs(ms - 9.83) < 0.05),
    `marks at ${marks.map((m) => m.toFixed(2))}`,
  );
});

test('without intervals no line is drawn and the chart says so', async () => {
  const spec = draw('comparisons', smokeFixture());
  assert.ok(
    rowsOf(spec)
      .filter((r) => 'ms' in r)
      .every((r) => r.lo === null),
  );
  assert.match(textOf(await svgOf('comparisons', smokeFixture())), /Too few blocks for intervals/);
});

test('waterfall: the pieces of every bar add up to its total', () => {
  const analysis = fixture();
  const { vconcat } = draw('waterfall', analysis) as unknown as { vconcat: unknown[] };
  let bars = 0;
  for (const panel of vconcat) {
    const rows = rowsOf(panel);
    const totals = new Map(rows.filter((r) => 'total' in r).map((r) => [r.row, r.total]));
    for (const [row, total] of totals) {
      const pieces = rows.filter((r) => r.row === row && 'from' in r);
      const sum = pieces.reduce((s, r) => s + (r.to as number) - (r.from as number), 0);
      assert.ok(Math.abs(sum - (total as number)) < 0.51, `${row}: ${sum} against ${total}`);
      bars++;
    }
  }
  assert.equal(bars, 2 * (6 + 7), 'every arm whole and once, every pair as a difference, in two cells');
});

test('waterfall: an arm that is only a baseline is drawn whole, with its own mean', () => {
  const analysis = fixture();
  const hop = analysis.waterfalls.find((w) => w.arm === 'passthrough' && w.baseline === 'direct')!;
  assert.ok(!analysis.waterfalls.some((w) => w.arm === 'direct'));
  const totals = rowsOf(draw('waterfall', analysis)).filter((r) => r.row === 'direct' && 'total' in r);
  assert.ok(totals.some((r) => Math.abs((r.total as number) - (hop.mean_us - hop.difference_us)) < 1e-6));
});

test('waterfall: parts that never took time, and a residual that is none, stay out of the legend', () => {
  const analysis = fixture();
  const legend = (a: Analysis) =>
    JSON.stringify(draw('waterfall', a))
      .match(/"\d [^"]+"/g)!
      .join();
  assert.doesNotMatch(legend(analysis), /token refresh/);
  assert.match(legend(analysis), /residual/);
  for (const w of analysis.waterfalls) {
    w.parts[0]!.mean_us -= w.residual_us;
    w.residual_us = 0;
    w.parts[0]!.difference_us += w.difference_us - w.parts.reduce((sum, p) => sum + p.difference_us, 0);
  }
  assert.doesNotMatch(legend(analysis), /residual/);
});

test('each arm has one colour and one shape in every chart', () => {
  const looks = new Map<string, Set<string>>();
  for (const chart of charts) {
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      const scale = node as { domain?: unknown[]; range?: unknown[] };
      if (Array.isArray(scale.domain) && Array.isArray(scale.range) && scale.domain.includes('passthrough')) {
        scale.domain.forEach((arm, i) => {
          const look = scale.range![i];
          if (typeof look !== 'string') return;
          const key = `${arm} ${look.startsWith('#') ? 'colour' : 'shape'}`;
          looks.set(key, (looks.get(key) ?? new Set()).add(look));
        });
      }
      Object.values(node).forEach(walk);
    };
    walk(chart.draw(fixture()));
  }
  assert.ok(looks.size >= 14);
  for (const [key, seen] of looks) assert.equal(seen.size, 1, key);
  const shapes = [...looks].filter(([key]) => key.endsWith('shape')).map(([, seen]) => [...seen][0]);
  assert.equal(new Set(shapes).size, shapes.length, 'arms can be told apart without colour');
});

test('figures at the right of the rows are those of the analysis', async () => {
  const analysis = fixture();
  const arm = analysis.arms.find((a) => a.phase === 'lifecycle' && a.arm === 'native-regressed')!;
  arm.retry401.funnel = { calls: 1600, touched: 211, recovered: 200, not_recovered: 11 };
  arm.retry401.amplification.agent = 1.2347;
  arm.error_budget = { slo: 0.999, error_rate: 0.0123, ci95: [0.01, 0.015], burn: 12.3 };
  assert.match(textOf(await svgOf('funnel-401', analysis)), /211 of 1,600 \(13\.2 %\): 200 recovered, 11 not/);
  assert.match(textOf(await svgOf('retry-amplification', analysis)), /agent 1\.235/);
  assert.match(textOf(await svgOf('error-budget', analysis)), /12\.3 ×/);
  assert.match(
    textOf(await svgOf('error-budget', analysis)),
    /none, ≤ 2\.3 ×/,
    'no event: the upper bound, never zero',
  );
  assert.match(textOf(await svgOf('correlation', analysis)), /38\.3 % of 7,200 lines/);
  assert.match(textOf(await svgOf('resources', analysis)), /\n279\.7\n/);
});

test('two long names that shorten alike stay two rows', () => {
  const analysis = fixture();
  const long = (tail: string) => `${'the same long beginning of a name '.repeat(2)}${tail}`;
  for (const a of [...analysis.campaign.arms, ...analysis.arms]) {
    if (a.arm === 'gateway') a.arm = long('one');
    if (a.arm === 'layered') a.arm = long('two');
  }
  const rows = rowsOf(draw('error-budget', analysis));
  assert.equal(new Set(rows.filter((r) => 'burn' in r).map((r) => r.arm)).size, 7);
});

test('escalation: rate against gap for both strategies, with exact intervals, labelled as a model', async () => {
  const analysis = attackedFixture();
  const rows = rowsOf(draw('escalation', analysis));
  const { races } = analysis.security[0]!;
  assert.equal(rows.length, races.length);
  for (const race of races) {
    const name = race.strategy === 'regressed' ? /^before/ : /^after/;
    const row = rows.find((r) => r.gap_ms === race.gap_ms && name.test(String(r.strategy)))!;
    assert.equal(row.percent, (race.escalated / race.trials) * 100);
    assert.deepEqual(
      [row.lo, row.hi],
      race.ci95.map((end) => end * 100),
    );
  }
  const svg = await svgOf('escalation', analysis);
  const text = textOf(svg).replaceAll('\n', ' ');
  assert.match(
    text,
    /Before the fix 100 % of overlapping\s+refreshes escalated at a gap of 0 ms; after it none of 800/,
  );
  assert.match(text, /A model of the article’s story/);
  assert.equal(sha(svg), sha(await svgOf('escalation', attackedFixture())));
});

test('escalation: one strategy alone is drawn, and says no more than it holds', async () => {
  const analysis = attackedFixture();
  analysis.security[0]!.races = analysis.security[0]!.races.filter((r) => r.strategy === 'hardened');
  assert.match(textOf(await svgOf('escalation', analysis)), /After it none of 800 at any gap/);
  analysis.security[0]!.races = [];
  assert.equal(charts.find((c) => c.name === 'escalation')!.draw(analysis), null);
});

test('load: marks are at the p99 of each step, and what is known from below only carries a bar', async () => {
  const analysis = fixture();
  const step = analysis.load!.arms.find((a) => a.arm === 'gateway')!.open[1]!;
  step.p99 = { us: 7_654, at_least: false };
  const rows = rowsOf(draw('load-latency', analysis)).filter((r) => r.arm === 'gateway');
  assert.ok(rows.some((r) => r.rate === 250 && r.ms === 7.654 && r.at_least === false));
  assert.ok(rows.some((r) => r.rate === 2_000 && r.at_least === true));
  const limits = rowsOf(draw('load-latency', analysis)).filter((r) => 'label' in r);
  assert.deepEqual([...new Set(limits.map((r) => r.ms))], [1, 5, 10, 50]);
  assert.match(await svgOf('load-latency', analysis), /50 ms/);
});

test('load: the frontier says what was not reached and what is known from below only', async () => {
  const analysis = fixture();
  const arm = analysis.load!.arms.find((a) => a.arm === 'gateway')!;
  arm.frontier = [
    { limit_ms: 1, rate_per_s: 0, ci95: [0, 100], at_least: false },
    { limit_ms: 5, rate_per_s: null, ci95: null, at_least: false },
    { limit_ms: 10, rate_per_s: 1_234, ci95: [1_000, 1_500], at_least: false },
    { limit_ms: 50, rate_per_s: 2_000, ci95: [2_000, 2_000], at_least: true },
  ];
  const rows = rowsOf(draw('load-frontier', analysis)).filter((r) => r.arm === 'gateway');
  assert.deepEqual(rows.map((r) => [r.cell, r.text]).slice(0, 3), [
    ['p99 under 1 ms', 'not at any step'],
    ['p99 under 10 ms', '1,234'],
    ['p99 under 50 ms', '≥ 2,000'],
  ]);
  assert.ok(rows.some((r) => r.rate === 1_234 && r.lo === 1_000 && r.hi === 1_500));
});

test('a curve that failures end has a shape at no quantile beyond its end', () => {
  const analysis = fixture();
  const curve = analysis.distributions[0]!;
  const marks = () =>
    rowsOf(draw('latency-ecdf', analysis))
      .filter((r) => r.mark === true && r.arm === curve.arm)
      .map((r) => r.p as number);
  const whole = marks();
  assert.equal(whole.filter((p) => Math.abs(p - 0.95) < 0.02).length, 2, 'one in each condition');
  curve.points = curve.points.filter((point) => point.p < 0.7);
  assert.deepEqual([whole.length, marks().length], [4, 3]);
  curve.points = [];
  assert.equal(marks().length, 2);
});
