import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gatewayExample, thresholdsExample } from './example.ts';
import { annotatedExample, parseCampaign } from './index.ts';

describe('the annotated example', () => {
  it('says what an arm may have switched off, and which attacks, as the file takes them', () => {
    const text = annotatedExample();
    const arms = [...text.matchAll(/(no-[a-z]+: \{.*?\}{1,2})(?= )/g)].map(([, arm]) => arm);
    assert.equal(arms.length, 2);
    const config = parseCampaign(`arms: {${arms.join(', ')}}\n${/^# (security: .*)$/m.exec(text)![1]}`);
    assert.deepEqual(
      config.arms.slice(2).map(({ settings, without }) => settings ?? without),
      [{ 'security.oauth.scope_hash_validation': false }, ['policy']],
    );
    assert.equal(config.attacks?.length, 2);
  });

  it('parses as it stands, and all that it says is in force', () => {
    const config = parseCampaign(annotatedExample());
    assert.equal(config.seed, '2026');
    assert.equal(config.profile.max_duration_s, 1_800);
    assert.equal(config.arms.length, 7);
    assert.deepEqual(
      config.claims.map((c) => c.claim),
      ['C1a', 'C1b', 'C2', 'C3', 'C6', 'C8', 'C9', 'our-budget'],
    );
    assert.ok(config.comparisons.some((c) => c.name === 'both_or_one'));
  });

  it('holds thresholds, which parse once the comment signs are off', () => {
    const lines = annotatedExample().split('\n');
    const start = lines.indexOf('# thresholds:');
    const end = lines.findIndex((line, i) => i > start && line === '');
    const uncommented = lines.slice(start, end).map((line) => line.replace(/^# ?/, ''));
    const { thresholds } = parseCampaign(`${annotatedExample()}\n${uncommented.join('\n')}`);
    assert.deepEqual(thresholds, parseCampaign(thresholdsExample).thresholds);
    assert.equal(thresholds.length, 7);
  });

  it('holds the gateway example, which parses once the comment signs are off', () => {
    const lines = annotatedExample().split('\n');
    const start = lines.indexOf('# gateways:');
    const end = lines.findIndex((line, i) => i > start && line === '');
    const uncommented = lines.slice(start, end).map((line) => line.replace(/^# ?/, ''));
    assert.deepEqual(parseCampaign(uncommented.join('\n')), parseCampaign(gatewayExample));
  });
});
