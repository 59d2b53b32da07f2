import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMarkup } from '../testing/well-formed.ts';
import { escapeMarkdown, escapeMarkup, yamlString } from './markup.ts';

test('markup keeps text text, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const { fault, elements } = readMarkup(`<a b="${escapeMarkup(text)}">${escapeMarkup(text)}</a>`);
      assert.equal(fault, null);
      assert.equal(elements.length, 1);
    }),
    { seed: 7, numRuns: 400 },
  );
});

test('Markdown: no heading, table cell, emphasis, HTML or link comes from a name', () => {
  assert.equal(escapeMarkdown('# h'), '\\# h');
  assert.equal(escapeMarkdown('a | b'), 'a \\| b');
  assert.equal(escapeMarkdown('*b* _i_ `c` [l](u)'), '\\*b\\* \\_i\\_ \\`c\\` \\[l\\](u)');
  assert.equal(escapeMarkdown('<img src=x> &amp;'), '&lt;img src=x&gt; &amp;amp;');
  assert.equal(escapeMarkdown('line\n# two'), 'line \\# two');
  assert.equal(escapeMarkdown('1. item'), '1\\. item');
  assert.equal(escapeMarkdown('- item'), '\\- item');
  assert.equal(escapeMarkdown('see https://x.example'), 'see https\\://x.example');
});

test('Markdown leaves figures and names in snake case readable', () => {
  assert.equal(escapeMarkdown('0.41 ms of felt_p95_shift'), '0.41 ms of felt_p95_shift');
});

test('a YAML scalar stays on its line', () => {
  assert.equal(yamlString('a: "b"\n---'), '"a: \\"b\\" ---"');
});
