import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { WeighbridgeError } from '#contract/errors.ts';
import { parseCampaign } from './index.ts';
import { refusalOf } from './testing.ts';

fc.configureGlobal({ seed: 20_261 });

describe('hostile YAML', () => {
  const refused: [what: string, text: string, message: RegExp][] = [
    ['a broken line', 'a: 1\nb: [1, 2', /c\.yaml:2:\d+: found .*, expected well-formed YAML/],
    ['a key twice', 'seed: 1\nseed: 2\n', /c\.yaml:2:1: found a key that stands here twice/],
    ['two documents', 'seed: 1\n---\nseed: 2', /found a second document/],
    ['an anchor and an alias', 'seed: &a 1\nquestion: *a', /an anchor \(&\).*\n.*an alias \(\*\)/],
    ['an alias without its anchor', 'seed: *a', /an alias/],
    ['a tag of one’s own', 'seed: !js/function x', /the tag !js\/function/],
    ['a binary', 'seed: !!binary aGk=', /the tag tag:yaml.org,2002:binary/],
    ['a key that is no text', '1: x', /a key that is no text/],
    ['a key of a list', '? [a]\n: x', /a key that is no text/],
    ['__proto__', 'arms: {__proto__: {controls: on}}', /the key __proto__/],
    ['too much text', `question: ${'x'.repeat(300_000)}`, /found 300010 bytes, expected at most 262144 bytes/],
    ['brackets without end', '['.repeat(100_000), /nesting without end/],
    ['dashes without end', '- '.repeat(100_000), /nesting without end/],
    ['a list at the top', '[1]', /found a list of 1, expected a map/],
    ['text at the top', 'hello', /found "hello", expected a map/],
  ];
  for (const [what, text, message] of refused) it(what, () => assert.match(refusalOf(text).message, message));

  it('no tag, alias or text at all brings anything but a campaign or a CONFIG error', () => {
    const words = fc.constantFrom(
      'arms',
      'seed',
      'gateways',
      'claims',
      'native',
      ':',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '&a',
      '*a',
      '!!set',
      '#',
      '"',
      "'",
      '|',
      '0',
      'null',
      '? ',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 25 }), (parts) => {
        try {
          parseCampaign(parts.join(''));
        } catch (error) {
          assert.ok(error instanceof WeighbridgeError && error.code === 'CONFIG', String(error));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
