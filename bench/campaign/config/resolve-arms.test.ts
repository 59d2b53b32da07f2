import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCampaign } from './index.ts';

describe('arms', () => {
  it('as a list brings the pair of equals along, and only comparisons and claims whose arms are there', () => {
    const config = parseCampaign('arms: [native, gateway]');
    assert.deepEqual(
      config.arms.map((a) => a.arm),
      ['direct', 'direct-b', 'native', 'gateway'],
    );
    assert.deepEqual(
      config.comparisons.map((c) => c.name),
      ['controls_native', 'decision', 'added', 'aa'],
    );
    assert.deepEqual(
      config.claims.map((c) => c.claim),
      ['C1a', 'C1b', 'C2', 'C4', 'C5', 'C6', 'C7', 'C8', 'C9', 'C10'],
    );
  });

  it('regressed controls run in the lifecycle phase alone', () => {
    const arms = parseCampaign('arms: {old: {controls: regressed}, native: {}}').arms;
    assert.deepEqual(
      arms.map((a) => [a.arm, a.lifecycle_only]),
      [
        ['direct', false],
        ['direct-b', false],
        ['old', true],
        ['native', false],
      ],
    );
  });

  it('a placebo is a gateway with its controls off that adds a known delay, and is there where it is asked for', () => {
    const [plain] = parseCampaign('arms: [placebo]').arms.slice(-1);
    const placebo = {
      arm: 'placebo',
      agent: 'builtin',
      controls: 'off',
      gateway: 'passthrough',
      lifecycle_only: false,
      delay_ms: 7,
    };
    assert.deepEqual(plain, placebo);
    const config = parseCampaign(
      'arms: {passthrough: {}, placebo: {delay_ms: 0.25}, placebo-0: {gateway: passthrough, delay_ms: 0}}',
    );
    assert.deepEqual(config.arms.slice(-2), [
      { ...placebo, delay_ms: 0.25 },
      { ...placebo, arm: 'placebo-0', delay_ms: 0 },
    ]);
    assert.ok(config.comparisons.some((c) => c.name === 'placebo' && c.baseline === 'passthrough'));
    assert.equal(
      parseCampaign('').arms.some((a) => a.arm === 'placebo'),
      false,
    );
  });

  it('may have something switched off on purpose: what is as every control on is left out, in one order', () => {
    const { arms, comparisons } = parseCampaign(
      `arms:
        native: {}
        dotted: {controls: on, settings: {plugins.block_unsigned: false, security.oauth.pkce_required: false}}
        nested: {controls: on, settings: {security: {oauth: {pkce_required: false}}, plugins: {block_unsigned: false}}}
        same: {controls: on, settings: {plugins.block_unsigned: true}}
        bare: {controls: on, gateway: gateway, without: [audit, policy]}`,
    );
    const by = new Map(arms.map((a) => [a.arm, a]));
    const settings = { 'security.oauth.pkce_required': false, 'plugins.block_unsigned': false };
    assert.deepEqual(by.get('dotted'), { ...by.get('native'), arm: 'dotted', settings });
    // By their text: a resumed campaign is held against the digest of it.
    assert.equal(JSON.stringify(by.get('nested')!.settings), JSON.stringify(by.get('dotted')!.settings));
    assert.deepEqual(by.get('same'), { ...by.get('native'), arm: 'same' });
    assert.deepEqual(by.get('bare')!.without, ['policy', 'audit']);
    assert.ok(comparisons.some((c) => c.name === 'added_dotted'));
  });

  it('has no price of durable records where the other arm keeps none, or has something else switched off', () => {
    const prices = (other: string) =>
      parseCampaign(`arms: {other: {gateway: gateway, ${other}}, durable: {gateway: gateway, audit: group_commit}}`)
        .comparisons.map((c) => c.name)
        .filter((name) => name.startsWith('durability'));
    assert.deepEqual(prices('audit: buffered'), ['durability_durable']);
    assert.deepEqual(prices('without: [audit]'), []);
    assert.deepEqual(prices('without: [policy]'), []);
  });

  it('may have durable audit records, whose price is a comparison with the arm that differs in nothing else', () => {
    const arms =
      'native: {}, gateway: {audit: buffered}, layered: {}, gateway-durable: {gateway: gateway, audit: group_commit}';
    const config = parseCampaign(
      `arms: {${arms}, both-durable: {controls: on, gateway: gateway, audit: group_commit}}`,
    );
    assert.deepEqual(
      config.arms.map(({ arm, audit }) => [arm, audit]).filter(([, audit]) => audit !== undefined),
      [
        ['gateway-durable', 'group_commit'],
        ['both-durable', 'group_commit'],
      ],
    );
    const named = (text: string) =>
      parseCampaign(text)
        .comparisons.filter(({ name }) => name.startsWith('durability'))
        .map(({ name, baseline }) => [name, baseline]);
    assert.deepEqual(named(`arms: {${arms}, both-durable: {controls: on, gateway: gateway, audit: group_commit}}`), [
      ['durability_gateway-durable', 'gateway'],
      ['durability_both-durable', 'layered'],
    ]);
    assert.deepEqual(named('arms: {layered: {}, alone: {gateway: gateway, audit: group_commit}}'), []);
    assert.deepEqual(named(''), []);
    // The name does for claims and thresholds.
    const claim = '{compare: durability_gateway-durable, metric: felt_p95_shift, below_ms: 1}';
    assert.equal(
      parseCampaign(`arms: {${arms}}\nclaims: {ours: ${claim}}`).claims[0]!.compare,
      'durability_gateway-durable',
    );
  });

  it('may be watched otherwise: the built-in ones where they are asked for, own ones by telemetry; light is what all have', () => {
    const named = ['direct-untraced', 'direct-full-sdk', 'passthrough-untraced', 'passthrough-full-sdk'];
    const { arms } = parseCampaign(`arms: [passthrough, ${named.join(', ')}]`);
    assert.deepEqual(
      arms.map(({ arm, gateway, telemetry }) => [arm, gateway, telemetry]),
      [
        ['direct', 'none', undefined],
        ['direct-b', 'none', undefined],
        ['passthrough', 'passthrough', undefined],
        ['direct-untraced', 'none', 'off'],
        ['direct-full-sdk', 'none', 'full'],
        ['passthrough-untraced', 'passthrough', 'off'],
        ['passthrough-full-sdk', 'passthrough', 'full'],
      ],
    );
    assert.ok(parseCampaign('').arms.every((a) => a.telemetry === undefined));
    const own = parseCampaign('arms: {mine: {controls: on, telemetry: full}, plain: {controls: on, telemetry: light}}');
    assert.deepEqual(
      own.arms.slice(-2).map((a) => [a.arm, a.telemetry]),
      [
        ['mine', 'full'],
        ['plain', undefined],
      ],
    );
    assert.equal(parseCampaign('arms: {native: {telemetry: light}}').arms.at(-1)!.telemetry, undefined);
  });

  it('that differ in nothing but how they are watched are compared with the one of which nothing is noted', () => {
    const watching = (text: string) =>
      parseCampaign(text)
        .comparisons.filter((c) => c.baseline.includes('untraced') || c.name.startsWith('watching'))
        .map(({ name, arm, baseline }) => [name, arm, baseline]);
    assert.deepEqual(
      watching('arms: [passthrough, direct-untraced, direct-full-sdk, passthrough-untraced, passthrough-full-sdk]'),
      [
        ['hop_untraced', 'passthrough-untraced', 'direct-untraced'],
        ['watching_direct', 'direct', 'direct-untraced'],
        ['watching_direct-full-sdk', 'direct-full-sdk', 'direct-untraced'],
        ['watching_passthrough', 'passthrough', 'passthrough-untraced'],
        ['watching_passthrough-full-sdk', 'passthrough-full-sdk', 'passthrough-untraced'],
      ],
    );
    assert.deepEqual(watching('arms: {gateway: {}, dark: {gateway: gateway, telemetry: off}}'), [
      ['watching_gateway', 'gateway', 'dark'],
    ]);
    assert.deepEqual(watching('arms: [direct-full-sdk]'), []);
    // What watching costs would be in a difference to direct.
    assert.ok(
      parseCampaign('arms: {dark: {gateway: gateway, telemetry: off}}').comparisons.every((c) => c.arm !== 'dark'),
    );
    const claim = '{compare: watching_passthrough, metric: felt_p50_shift, below_ms: 0.02}';
    const text = `arms: {passthrough: {}, passthrough-untraced: {}}\nclaims: {ours: ${claim}}`;
    assert.equal(parseCampaign(text).claims[0]!.compare, 'watching_passthrough');
  });

  it('of one’s own are compared with direct', () => {
    const config = parseCampaign('arms: {both: {controls: on, gateway: passthrough}}');
    assert.deepEqual(config.arms.at(-1), {
      arm: 'both',
      agent: 'builtin',
      controls: 'on',
      gateway: 'passthrough',
      lifecycle_only: false,
    });
    assert.ok(config.comparisons.some((c) => c.name === 'added_both' && c.baseline === 'direct'));
  });

  it('a built-in name may be spelt out as it is', () => {
    assert.deepEqual(
      parseCampaign('arms: {native: {agent: builtin, controls: on, gateway: none}}').arms,
      parseCampaign('arms: [native]').arms,
    );
  });
});
