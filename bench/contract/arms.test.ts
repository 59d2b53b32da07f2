import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alikeButFor, kindButFor, traitsOf } from './arms.ts';

const gateway = {
  controls: 'off',
  gateway: 'gateway',
  attached: false,
  delay_ms: 0,
  telemetry: 'off',
  audit: 'buffered',
  settings: { 'plugins.block_unsigned': false },
  without: ['budget'],
};

describe('arms that differ in nothing but one thing', () => {
  const other = {
    controls: 'on',
    gateway: 'none',
    attached: true,
    delay_ms: 7,
    telemetry: 'full',
    audit: 'group_commit',
    settings: { 'plugins.block_unsigned': false, 'security.oauth.pkce_required': false },
    without: ['policy'],
  };
  const traits = Object.keys(other) as (keyof typeof other)[];

  for (const trait of traits) {
    it(`are told by their ${trait}`, () => {
      const changed = { ...gateway, [trait]: other[trait] };
      for (const but of traits) assert.equal(alikeButFor(but, gateway, changed), but === trait, but);
      const { [trait]: _, ...without } = gateway;
      for (const but of traits) assert.equal(alikeButFor(but, gateway, without), but === trait, `${but}, not told`);
    });
  }

  it('are of one kind, whatever they are called and in whatever order they are told', () => {
    const turned = Object.fromEntries(Object.entries({ arm: 'b', ...gateway }).toReversed());
    assert.equal(kindButFor('audit', { ...gateway, audit: undefined }), kindButFor('audit', turned));
  });

  it('are not where they are attached to different gateways', () => {
    const attached = (name: string) => ({ controls: 'off', gateway: { attached: name } });
    assert.equal(alikeButFor('telemetry', attached('a'), attached('a')), true);
    assert.equal(alikeButFor('telemetry', attached('a'), attached('b')), false);
  });

  it('say what they have, switched-off things included', () => {
    assert.deepEqual(traitsOf({ gateway: 'gateway', attached: false, without: ['policy'] }), [
      'gateway gateway',
      'without ["policy"]',
    ]);
  });
});
