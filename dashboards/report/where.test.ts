import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from '../testing/fixture.ts';
import { emptyFixture } from '../testing/variants.ts';
import { reportHtml } from './index.ts';

const textOf = (markup: string): string =>
  markup
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('\u00a0', ' ')
    .replace(/\s+/g, ' ');
const between = (html: string, from: string, to: string): string =>
  html.slice(html.indexOf(from), html.indexOf(to, html.indexOf(from)));

test('what makes a difference is told in a sentence, the unexpected first and marked', () => {
  const analysis = fixture();
  const html = reportHtml(analysis, []);
  const told = between(html, 'id="explained-table"', '</table>');
  const rows = [...told.matchAll(/<tr id="explanations-(\d+)"( class="warn")?/g)];
  assert.equal(rows.length, analysis.explanations.length);
  const marked = rows.map((r) => analysis.explanations[Number(r[1])]!.unexpected);
  assert.deepEqual(
    rows.map((r) => r[2] !== undefined),
    marked,
  );
  assert.equal(marked[0], true);
  assert.equal(marked.lastIndexOf(true), marked.filter(Boolean).length - 1);
  assert.match(
    textOf(told),
    /unexpected .*A call takes 0\.343 ms more on gateway than on direct\. Unexpected: gateway opens a new connection in 30 %/,
  );
});

test('attempts show each part with its share, new connections, and why a part is not seen', () => {
  const analysis = fixture();
  const at = analysis.timings.findIndex((t) => t.arm === 'gateway');
  const html = reportHtml(analysis, []);
  const row = textOf(between(html, `<tr id="timings-${at}-gateway"`, '</tr>'));
  assert.match(row, /gateway .* gateway to the tool 2,400 720 30 % 0 27 /);
  const direct = textOf(between(html, '<tr id="timings-0-agent"', '</tr>'));
  assert.match(direct, /direct .* 2,400 0 0 % .*every attempt found its connection open/);
});

test('a task’s time stands beside a call’s', () => {
  const html = reportHtml(fixture(), []);
  assert.match(
    textOf(between(html, 'id="tasks-table"', '</table>')),
    /direct tool-chain · instant\/c1\/http 480 480 5\.0 214 1,070 1,027 1,305/,
  );
});

test('an analysis from before there were such figures shows none of it', () => {
  const html = reportHtml(emptyFixture(), []);
  for (const id of ['explained-table', 'attempts-table', 'tasks-table']) assert.ok(!html.includes(`id="${id}"`), id);
});
