import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { renderCharts } from '../charts/index.ts';
import { dumpDom, evaluateAt, withoutChromium } from '../testing/chromium.ts';
import { fixture } from '../testing/fixture.ts';
import { attackedFixture, hostileAttackedFixture } from '../testing/fixture-security.ts';
import { hostileFixture } from '../testing/variants.ts';
import { reportHtml } from './index.ts';

const options = { skip: withoutChromium };
const page = async (analysis: Analysis): Promise<string> => reportHtml(analysis, await renderCharts(analysis));

test('a browser reads it as XML without an error, hostile names and all', options, async () => {
  const html = await page(hostileFixture());
  const content = html.replace('<html lang', '<html xmlns="http://www.w3.org/1999/xhtml" lang');
  assert.doesNotMatch(dumpDom({ name: 'report.xhtml', content }), /parsererror/);
});

test('no hostile name becomes an element or runs', options, async () => {
  const dom = dumpDom({ name: 'report.html', content: await page(hostileFixture()) });
  assert.doesNotMatch(dom, /<script/i);
  assert.match(dom, /&lt;script&gt;alert/);
});

/** How far the document is wider than the window, and what sticks out without scrolling by itself. */
const layout = `(() => {
  const out = [...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll, .plot, pre, .skip') && e.getBoundingClientRect().right > innerWidth + 1);
  return [document.documentElement.scrollWidth - document.documentElement.clientWidth, ...out.slice(0, 5).map((e) => e.tagName + '#' + e.id)].join(' ');
})()`;

test('nothing sticks out of the page, wide or narrow', options, async () => {
  const cases: [Analysis, number][] = [
    [fixture(), 1400],
    [fixture(), 420],
    [hostileFixture(), 420],
    [attackedFixture(), 1400],
    [hostileAttackedFixture(), 420],
  ];
  for (const [analysis, width] of cases) {
    // The page's own policy forbids scripts, the probe included.
    const content = (await page(analysis)).replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '');
    assert.equal(evaluateAt(content, width, layout), '0', `at ${width} px`);
  }
});
