import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { decisionRecord } from '../adr/index.ts';
import { renderCharts } from '../charts/index.ts';
import { renderOutcome } from '../index.ts';
import { junitXml } from '../junit.ts';
import { markdownSummary } from '../markdown.ts';
import { attacked, countsOf, outcomeLooks, worstOf } from '../reading/security.ts';
import { verdictTable } from '../summary.ts';
import { evaluateAt, withoutChromium } from '../testing/chromium.ts';
import { fixture } from '../testing/fixture.ts';
import { attackedFixture, hostileAttackedFixture } from '../testing/fixture-security.ts';
import { smokeFixture } from '../testing/variants.ts';
import { readMarkup } from '../testing/well-formed.ts';
import { reportHtml } from './index.ts';

const page = async (analysis: Analysis): Promise<string> => reportHtml(analysis, await renderCharts(analysis));
const plain = (markup: string): string =>
  markup
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('\u00a0', ' ')
    .replace(/\s+/g, ' ');
const sectionOf = (html: string): string => html.slice(html.indexOf('<section id="security"')).split('</section>')[0]!;
const rowOf = (html: string, id: string): string =>
  plain(html.slice(html.indexOf(`<tr id="${id}"`)).split('</tr>')[0]!);
const detailsOf = (html: string, id: string): string =>
  plain(html.slice(html.indexOf(`id="${id}"`)).split('</details>')[0]!);

test('without the phase the page says that it was not run, and how to run it', async () => {
  const section = plain(sectionOf(await page(fixture())));
  assert.match(section, /Not run: no attack was carried out/);
  assert.match(section, /npx weighbridge run --phases security/);
  assert.match(section, /Not drawn\. No races were run/);
});

test('the capability matrix: claimed, modelled by arm, measured or not tested, links to its attacks and verdicts', async () => {
  const html = await page(attackedFixture());
  const plugins = rowOf(html, 'security-m1');
  assert.match(plugins, /Plugin permission model declared in a manifest none: it does not know plugins/);
  assert.match(plugins, /native: ✓ 1 of 1 stopped .* gateway: ✕ 0 of 1 stopped, 1 not/);
  assert.match(plugins, /1 attack A plugin uses an operation that it does not declare not tested/);
  assert.match(
    rowOf(html, 'security-m2'),
    /no added hop 5 to 15 ms a request claim C1a: refuted claim C1b: refuted not tested/,
  );
  assert.match(rowOf(html, 'security-m6'), /any agent that speaks HTTP not tested not tested/);
  assert.match(rowOf(html, 'security-m0'), /gateway: – none applies/);
  assert.ok(html.includes('href="#security-a1"') && html.includes('href="#verdicts-1"'));
});

test('a real product has its subject beside its outcomes', async () => {
  const analysis = attackedFixture();
  const row = analysis.security[0]!.matrix[4]!;
  const subject = { system: 'agentport@1.0', kind: 'real' as const, placement: 'central', protocol: 'http' };
  row.measured = [{ ...row.modelled[4]!, arm: 'ours', subject }];
  analysis.security[0]!.matrix[2]!.figures.measured = ['/verdicts/1'];
  const html = await page(analysis);
  assert.match(rowOf(html, 'security-m4'), /ours: ✓ 1 of 1 stopped agentport@1\.0 \(real product; central, http\)/);
  assert.match(rowOf(html, 'security-m2'), /C1b: refuted claim C1b: refuted$|C1b: refuted claim C1b: refuted /);
  row.measured[0]!.stopped = 0;
  row.measured[0]!.not_applicable = 1;
  assert.match(rowOf(await page(analysis), 'security-m4'), /not tested/, 'what applies to nothing was not tested');
});

test('every cell of the attack matrix: sign and word, and behind them why, evidence, belief and trace', async () => {
  const analysis = attackedFixture();
  const html = await page(analysis);
  for (const [i, attack] of analysis.security[0]!.attacks.entries()) {
    for (const [j, cell] of attack.cells.entries()) {
      const said = detailsOf(html, `security-a${i}-c${j}`);
      const { sign, word } = outcomeLooks[cell.outcome];
      assert.ok(said.includes(`${sign} ${word}`), said);
      for (const part of [
        cell.why,
        cell.belief?.words ?? null,
        cell.trace_id,
        ...cell.evidence.flatMap((e) => [e.where, e.found]),
      ])
        if (part !== null) assert.ok(said.includes(part), `${part} in ${said}`);
    }
  }
  assert.match(detailsOf(html, 'security-a6-c1'), /Stopped by tools Tries none of 5 succeeded Time to stop 4\.3 ms/);
  assert.match(rowOf(html, 'security-a0'), /Bears on C4\. A model of the article’s story\. Counts as stopped: /);
});

test('a campaign of some attacks only says so on the page and in the record, and which were left out', async () => {
  const whole = attackedFixture();
  assert.doesNotMatch(plain(sectionOf(await page(whole))), /Left out/);
  const analysis = attackedFixture();
  const count = analysis.security[0]!.attacks.length;
  analysis.security[0]!.left_out = [{ id: 'x', title: 'A hostile <title>', claims: ['C4'] }];
  const said = `As campaign.yaml has it, ${count} of ${count + 1} attacks were carried out. Left out: A hostile`;
  const html = await page(analysis);
  assert.ok(plain(sectionOf(html)).includes(said));
  assert.equal(html.split('<title>').length, 2);
  assert.ok(
    decisionRecord(analysis, { digest: 'ab'.repeat(32) })
      .replaceAll('\u00a0', ' ')
      .includes(said),
  );
});

test('a trace leads to the file with its records, where the campaign kept them', async () => {
  const without = await page(attackedFixture());
  assert.doesNotMatch(without, /evidence\.ndjson/);
  const analysis = attackedFixture();
  analysis.security[0]!.evidence = { file: 'evidence.ndjson', records: 12 };
  const html = await page(analysis);
  const cited = analysis.security[0]!.attacks.flatMap((a) => a.cells).filter((c) => c.trace_id !== null);
  assert.equal(html.match(/<\/code>, in <a href="evidence\.ndjson">/g)!.length, cited.length);
  assert.match(plain(sectionOf(html)), /stands in evidence\.ndjson : 12 records, one a line/);
});

test('cells open by keyboard: each is a details element with a summary, and carries its outcome in its colour’s class too', async () => {
  const analysis = attackedFixture();
  const { elements } = readMarkup(sectionOf(await page(analysis)));
  const cells = analysis.security[0]!.attacks.flatMap((a) => a.cells);
  const details = elements.filter((e) => e.name === 'details' && e.attributes.get('class') === 'cell');
  assert.equal(details.length, cells.length);
  for (const e of details) assert.equal(elements[elements.indexOf(e) + 1]!.name, 'summary');
});

test('an arm on which an attack was not tried says so, and is no refusal', async () => {
  const analysis = attackedFixture();
  analysis.security[0]!.attacks[1]!.cells = analysis.security[0]!.attacks[1]!.cells.filter((c) => c.arm !== 'layered');
  assert.match(rowOf(await page(analysis), 'security-a1'), / not run $/);
});

test('evidence of verdicts on attacks leads to its cell or race; counts are told as counts', async () => {
  const html = await page(attackedFixture());
  const at = (claim: string) => attackedFixture().verdicts.findIndex((v) => v.claim === claim);
  assert.match(
    rowOf(html, `verdicts-${at('C7')}`),
    /✓ confirmed Margin: the rule of this claim 2 of 2 behind the gateway/,
  );
  assert.match(
    rowOf(html, `verdicts-${at('C4')}`),
    /100\.0 %, 95 % interval 98\.2 to 100\.0 % .*none seen, at most 1\.83 %/,
  );
  for (const id of ['security-a3-c4', 'security-r0', 'security-r6'])
    assert.ok(html.includes(`href="#${id}"`) && html.includes(`id="${id}"`), id);
  assert.match(verdictTable(attackedFixture()), /C10 +confirmed +3 of 3/);
});

test('a smoke campaign’s verdicts on attacks bear no weight, a whole one’s do without blocks', async () => {
  const html = await page(attackedFixture());
  assert.doesNotMatch(rowOf(html, 'verdicts-9'), /bears no weight/);
  const smoke = smokeFixture();
  const full = attackedFixture();
  Object.assign(smoke, { security: full.security, verdicts: [...smoke.verdicts, ...full.verdicts.slice(-4)] });
  assert.match(rowOf(await page(smoke), 'verdicts-9'), /bears no weight: a smoke campaign/);
});

test('the decision record: counts by option, successes by name, the matrix, and what was not tested', () => {
  const analysis = attackedFixture();
  const text = decisionRecord(analysis, { digest: 'ab'.repeat(32) });
  const native = text.split('### Native')[1]!.split('### Gateway')[0]!;
  assert.match(
    native,
    /\* Good, because of 6 attacks that could be carried out on it, it stopped 3 itself; the authority, the tools or the network stopped 1 more, as without it/,
  );
  assert.match(
    native,
    /\* Bad, because of 6 attacks .* 2 succeeded: The logs on the agent’s host are altered and A payment above the threshold/,
  );
  const matrix = text.split('### Security outcomes')[1]!.split('###')[0]!;
  assert.match(
    matrix,
    /\| Second factor, human in the loop \| needs a trigger from outside \| an approval workflow \|/,
  );
  assert.match(
    matrix,
    /\| Capability \| Claimed for native \| Claimed for the gateway \| direct \| native \| gateway \| layered \| On a real product \|/,
  );
  assert.match(matrix, /\/security\/0\/matrix\/4 \|/);
  const drivers = text.split('## Decision Drivers')[1]!.split('## Considered')[0]!;
  assert.match(
    drivers,
    /Approvals for payments or deletions\.\*\* Of the attacks that apply: native 0 of 1 stopped, 1 not/,
  );
  assert.match(drivers, /claim C10: confirmed/);
  const untested = text.split('### What was not tested')[1]!.split('###')[0]!;
  assert.match(untested, /Attacks on several frameworks: none was carried out/);
  assert.match(untested, /Attacks on a real product: none, so every outcome is about our models/);
  assert.doesNotMatch(untested, /Claim C(4|5|7|10):/);
  assert.doesNotMatch(decisionRecord(fixture(), { digest: 'ab'.repeat(32) }), /### Security outcomes/);
});

test('summary and JUnit: counts per arm in one line, a case a cell, and no failure for what an attack finds', () => {
  const analysis = attackedFixture();
  const summary = markdownSummary(analysis);
  assert.match(
    summary,
    /## Security outcomes\n\n7 attacks\. direct: .* · native: 3 of 6 stopped, 1 elsewhere, 2 not · /,
  );
  assert.match(summary, /\| C10 \| \*\*confirmed\*\* \| 3 of 3 \(without a gateway: unnoticed\) \|/);
  const { fault, elements } = readMarkup(junitXml(analysis));
  assert.equal(fault, null);
  const suite = elements.find((e) => e.attributes.get('name') === 'attacks')!;
  const cells = analysis.security[0]!.attacks.flatMap((a) => a.cells);
  assert.equal(Number(suite.attributes.get('tests')), cells.length);
  assert.equal(suite.attributes.get('failures'), '0');
  assert.equal(Number(suite.attributes.get('skipped')), cells.filter((c) => c.outcome === 'not_applicable').length);
  assert.doesNotMatch(junitXml(fixture()), /name="attacks"/);
});

test('60 lines of summary at most, whatever the campaign holds', () => {
  const analysis = attackedFixture();
  const many = <T>(of: T[]): T[] => Array.from({ length: 40 }, () => of[0]!);
  analysis.verdicts = many(analysis.verdicts);
  analysis.warnings = many(analysis.warnings);
  analysis.thresholds = many([
    {
      threshold: 't',
      requirement: '< 1',
      metric: 'm',
      subject: analysis.verdicts[0]!.subject,
      result: 'held',
      why: 'w',
      evidence: [],
    },
  ]);
  assert.ok(markdownSummary(analysis).trimEnd().split('\n').length <= 60);
});

test('hostile words stay words, everywhere', async () => {
  const files = await renderOutcome(hostileAttackedFixture(), { digest: 'ab'.repeat(32) });
  const content = (path: string) => files.find((f) => f.path === path)!.content;
  assert.equal(readMarkup(content('report.html')).fault, null);
  assert.equal(readMarkup(content('junit.xml')).fault, null);
  for (const path of ['adr.md', 'summary.md', 'report.html', 'junit.xml'])
    assert.doesNotMatch(content(path).replace(/^---\n[\s\S]*?\n---\n/, ''), /<script|\u202e|\p{Cc}(?<!\n)/u);
});

test('the same bytes again', async () => {
  const input = { digest: 'ab'.repeat(32) };
  assert.deepEqual(await renderOutcome(attackedFixture(), input), await renderOutcome(attackedFixture(), input));
});

test('the worst outcome speaks for several', () => {
  const section = attacked(attackedFixture())!;
  const of = (...outcomes: (keyof typeof outcomeLooks)[]) =>
    worstOf(
      countsOf(
        outcomes.map((outcome) => ({
          attack: section.attacks[0]!,
          cell: { ...section.attacks[0]!.cells[0]!, outcome },
        })),
      ),
    );
  assert.equal(of('stopped', 'not_stopped', 'not_applicable'), 'not_stopped');
  assert.equal(of('stopped_elsewhere', 'stopped'), 'stopped');
  assert.equal(of('stopped_elsewhere', 'not_applicable'), 'stopped_elsewhere');
  assert.equal(of(), 'not_applicable');
});

test('in a browser a cell takes the focus, opens, and shows what is behind it', { skip: withoutChromium }, async () => {
  const content = (await page(attackedFixture())).replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '');
  const probe = `(() => {
    const cell = document.getElementById('security-a1-c1');
    const summary = cell.querySelector('summary');
    summary.focus();
    const hidden = cell.querySelector('p').checkVisibility();
    const focused = document.activeElement === summary;
    summary.click();
    return [focused, hidden, cell.open, cell.querySelector('p').checkVisibility()].join(' ');
  })()`;
  assert.equal(evaluateAt(content, 1400, probe), 'true false true true');
});
