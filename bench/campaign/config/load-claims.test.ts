import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCampaign } from './index.ts';
import { refusalOf } from './testing.ts';

const refused = (text: string, expected: RegExp): void => assert.match(refusalOf(text).message, expected);

const claimOf = (text: string, arms?: string[]) =>
  parseCampaign(`claims: {x: ${text}}`, 'c.yaml', arms ? { arms } : {}).claims;

describe('claims on load', () => {
  it('name an arm, or two, and a margin with its unit', () => {
    assert.deepEqual(claimOf('{arm: gateway, metric: frontier_p99_10ms, at_least: 500 /s}'), [
      {
        claim: 'x',
        statement: 'Under load, frontier_p99_10ms of gateway is at least 500 /s.',
        compare: 'arm:gateway',
        metric: 'frontier_p99_10ms',
        region: [500, null],
        unit: 'per_s',
        margin: 'at least 500 /s',
      },
    ]);
    const [ratio] = claimOf('{compare: decision, metric: saturation_ratio, at_least: 80 %, at_most: 110 %}');
    assert.deepEqual(
      [ratio!.compare, ratio!.region, ratio!.unit, ratio!.margin],
      ['decision', [0.8, 1.1], 'ratio', 'at least 80 % and at most 110 %'],
    );
    assert.match(ratio!.statement, /gateway ÷ native/);
    const [own] = claimOf('{arm: layered, baseline: passthrough, metric: cpu_us_per_call_ratio, at_most: 150 %}');
    assert.equal(own!.compare, 'claim:x');
    assert.deepEqual(claimOf('{arm: native, metric: knee, at_least: 4 workers}')[0]!.region, [4, null]);
    assert.deepEqual(claimOf('{arm: native, metric: cpu_us_per_call, at_most: 0.4 ms}')[0]!.region, [null, 400]);
  });

  it('go with the arms that a run leaves out', () => {
    assert.deepEqual(claimOf('{arm: gateway, metric: saturation, at_least: 500 /s}', ['native']), []);
    assert.equal(claimOf('{arm: native, metric: saturation, at_least: 500 /s}', ['native']).length, 1);
  });

  for (const [what, text, expected] of [
    [
      'two arms for a figure of one',
      '{compare: decision, metric: saturation, at_least: 5 /s}',
      /an arm alone, since saturation/,
    ],
    ['no arm', '{metric: saturation, at_least: 5 /s}', /an arm alone/],
    ['an arm that is not pressed', '{arm: native-regressed, metric: knee, at_least: 2 workers}', /expected direct, /],
    [
      'a pair of which one is not pressed',
      '{arm: native, baseline: native-regressed, metric: saturation_ratio, at_least: 50 %}',
      /found "native-regressed", expected arms that are in the load phase: direct, /,
    ],
    ['no comparison', '{metric: saturation_ratio, at_least: 5 %}', /a claim with compare, or with arm and baseline/],
    ['no margin', '{arm: native, metric: saturation}', /at_least or at_most/],
    ['a margin in ms', '{arm: native, metric: saturation, below_ms: 5}', /at_least or at_most for saturation/],
    ['a wrong unit', '{arm: native, metric: saturation, at_least: 5 ms}', /calls per second for saturation/],
    ['no unit', "{arm: native, metric: saturation, at_least: '5'}", /a number and a unit, for example 500 \/s/],
    [
      'a margin upside down',
      '{arm: native, metric: saturation, at_least: 9 /s, at_most: 5 /s}',
      /no less than at_least, 9 \/s/,
    ],
    [
      'a margin of load for a time',
      '{compare: decision, metric: felt_p95_shift, at_most: 5 ms}',
      /margin_ms or below_ms/,
    ],
  ] as const) {
    it(`refused: ${what}`, () => refused(`claims: {x: ${text}}`, expected));
  }
});

describe('claims on load about arms that are watched otherwise', () => {
  const arms =
    'arms: [direct, passthrough, direct-untraced, direct-full-sdk, passthrough-untraced, passthrough-full-sdk]';
  for (const claim of [
    '{arm: direct-untraced, metric: saturation, at_least: 5 /s}',
    '{compare: hop_untraced, metric: saturation_ratio, at_least: 5 %}',
  ])
    it(`refused: ${claim}`, () =>
      refused(
        `${arms}\nclaims: {x: ${claim}}`,
        /found "(direct|passthrough)-untraced", expected .*direct, direct-b or passthrough$/m,
      ));
});

describe('the probe', () => {
  it('is there where it is asked for', () => {
    assert.equal(parseCampaign('load: {probe: autocannon}').probe, 'autocannon');
    assert.equal(Object.hasOwn(parseCampaign('load: {}'), 'probe'), false);
    assert.equal(Object.hasOwn(parseCampaign(''), 'probe'), false);
  });

  it('is autocannon and nothing else', () => {
    refused('load: {probe: wrk}', /load\.probe: found "wrk", expected autocannon/);
    refused('load: {prob: autocannon}', /load\.prob: found an unknown key, expected probe; did you mean probe\?/);
  });
});
