import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analysisSchema } from '#contract/analysis.ts';
import { fixture } from './fixture.ts';
import {
  attachedFixture,
  emptyFixture,
  hostileFixture,
  ruled,
  smokeFixture,
  standardFixture,
  troubledFixture,
} from './variants.ts';
import { readMarkup } from './well-formed.ts';

const variants = {
  quick: fixture,
  smoke: smokeFixture,
  standard: standardFixture,
  empty: emptyFixture,
  troubled: troubledFixture,
  attached: attachedFixture,
  hostile: hostileFixture,
};

test('every variant is of the contract', () => {
  for (const [name, build] of Object.entries(variants)) assert.doesNotThrow(() => analysisSchema.parse(build()), name);
  analysisSchema.parse(ruled(fixture(), [{ claim: 'C1b', verdict: 'confirmed', times: 24 }]));
});

test('the parts of a waterfall add up to its mean and residual, as the contract says', () => {
  for (const w of fixture().waterfalls) {
    const sum = w.parts.reduce((total, p) => total + p.mean_us, 0);
    assert.ok(Math.abs(sum - w.mean_us - w.residual_us) < 1e-9);
  }
});

test('the reader of markup finds what is wrong', () => {
  const wrong = [
    '<a><b></a></b>',
    '<a>',
    '</a>',
    '<a b=c></a>',
    '<a b="<"></a>',
    '<a>x & y</a>',
    '<a>1 < 2</a>',
    '<a b="1" b="2"/>',
    '<a/><a/>',
  ];
  for (const text of wrong) assert.notEqual(readMarkup(text).fault, null, text);
  const right = readMarkup('<!DOCTYPE html>\n<a b="c &amp; d" e-f="g"><br/>&#39; > text</a>\n');
  assert.equal(right.fault, null);
  assert.deepEqual(
    right.elements.map((e) => e.name),
    ['a', 'br'],
  );
});
