/** Tokens in the wrong hands: stopped where a control is on, and not, or elsewhere, where that one control is off. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GatewayConfig } from '#contract/config.ts';
import { attackOn } from '../testing.ts';
import { refreshTokenReuse } from './refresh-token-reuse.ts';
import { isRefusedAsRevoked, revokedToken } from './revoked-token.ts';
import { stolenAccessToken } from './stolen-access-token.ts';
import { wrongAudience } from './wrong-audience.ts';

const unbound = { settings: { 'security.oauth.token_binding': 'off' } } as const;

/** A gateway that checks no token, and so knows no agent; what needs to know one goes with that. */
const withoutBearer = {
  gateway: (config: GatewayConfig): GatewayConfig => {
    const { bearer: _, policy: __, second_factor: ___, approval: ____, ...controls } = config.controls;
    return { ...config, controls };
  },
};

describe('a stolen access token', () => {
  for (const arm of ['native', 'layered']) {
    it(`${arm}: bound to the agent's key, it serves nobody else`, async () => {
      const cell = await attackOn(stolenAccessToken, arm);
      assert.deepEqual([cell.outcome, cell.by, cell.tries, cell.succeeded], ['stopped', 'agent', 3, 0]);
      assert.notEqual(cell.time_to_stop_ms, null);
      assert.match(JSON.stringify(cell.evidence), /proof of possession/);
    });
    it(`${arm}: with token binding off it serves the thief`, async () => {
      const cell = await attackOn(stolenAccessToken, arm, unbound);
      assert.deepEqual([cell.outcome, cell.by, cell.succeeded], ['not_stopped', null, 1]);
    });
  }
  it('gateway: a gateway alone cannot tell the thief from the agent', async () => {
    const cell = await attackOn(stolenAccessToken, 'gateway');
    assert.equal(cell.outcome, 'not_stopped');
    assert.match(cell.trace_id ?? '', /^[0-9a-f]{32}$/);
  });
});

describe('a revoked token', () => {
  it('is found out by a 401 for that cause alone, once a nonce that was wanted is there', () => {
    const revoked = { status: 401, cause: 'revoked' } as const;
    const nonce = { status: 401, cause: 'nonce' } as const;
    const served = { status: 200, cause: null };
    assert.equal(isRefusedAsRevoked([revoked, served]), true);
    assert.equal(isRefusedAsRevoked([nonce, revoked, served]), true);
    assert.equal(isRefusedAsRevoked([nonce, served]), false);
    assert.equal(isRefusedAsRevoked([served]), false);
    for (const cause of ['expired', 'audience', 'unknown'] as const)
      assert.throws(() => isRefusedAsRevoked([{ status: 401, cause }, served]), /for another reason/);
  });
  it('gateway: the gateway was told, and refuses it', async () => {
    const cell = await attackOn(revokedToken, 'gateway');
    assert.deepEqual([cell.outcome, cell.by, cell.succeeded], ['stopped', 'gateway', 0]);
    assert.match(cell.evidence[1]!.found, /^401 \(revoked\), then 200$/);
  });
  it('gateway: one that checks no tokens lets it through', async () => {
    const cell = await attackOn(revokedToken, 'gateway', withoutBearer);
    assert.deepEqual([cell.outcome, cell.by, cell.succeeded], ['not_stopped', null, 1]);
  });
  for (const arm of ['native', 'layered']) {
    it(`${arm}: the agent has asked, and sends none of its revoked tokens`, async () => {
      const cell = await attackOn(revokedToken, arm);
      assert.deepEqual([cell.outcome, cell.by, cell.succeeded], ['stopped', 'agent', 0]);
      assert.deepEqual(
        cell.evidence.slice(1, 3).map(({ found }) => found),
        ['200', '200; its revoked token was not sent any more'],
      );
      assert.match(cell.evidence[3]!.found, /^9 of its tokens are revoked/);
    });
  }
  it('native that never asks: the tools refuse it; the agent does not even send the next one', async () => {
    const cell = await attackOn(revokedToken, 'native', { settings: { 'security.oauth.revocation_poll_interval': 0 } });
    assert.deepEqual([cell.outcome, cell.by], ['stopped_elsewhere', 'tools']);
    assert.match(cell.evidence[1]!.found, /^401 \(revoked\), then 200$/);
    assert.match(cell.evidence[2]!.found, /^200; its revoked token was not sent any more$/);
    assert.equal(cell.evidence[3]!.found, 'nothing');
  });
  it('layered that never asks, at a gateway that checks no tokens: it is used', async () => {
    const settings = { 'security.oauth.revocation_poll_interval': 0 };
    const cell = await attackOn(revokedToken, 'layered', { ...withoutBearer, settings });
    assert.deepEqual([cell.outcome, cell.succeeded], ['not_stopped', 1]);
  });
  it('layered: asked for, it is not used even there', async () => {
    const cell = await attackOn(revokedToken, 'layered', withoutBearer);
    assert.deepEqual([cell.outcome, cell.by], ['stopped', 'agent']);
  });
  it('native without expiry polling: the next one is sent, too', async () => {
    const cell = await attackOn(revokedToken, 'native', { settings: { 'security.oauth.expiry_polling': false } });
    assert.match(cell.evidence[2]!.found, /^401 \(revoked\), then 200$/);
  });
});

describe('a token for another audience', () => {
  it('layered: refused by the gateway, and past it by the tools', async () => {
    const cell = await attackOn(wrongAudience, 'layered');
    assert.deepEqual([cell.outcome, cell.by, cell.tries, cell.succeeded], ['stopped', 'gateway', 2, 0]);
    for (const { found } of cell.evidence.slice(0, 2)) assert.match(found, /^401 .*another audience/);
  });
  it('gateway: one that checks no tokens lets it through', async () => {
    const cell = await attackOn(wrongAudience, 'gateway', withoutBearer);
    assert.deepEqual([cell.outcome, cell.succeeded], ['not_stopped', 1]);
  });
  it('direct: the tools refuse it', async () => {
    const cell = await attackOn(wrongAudience, 'direct');
    assert.deepEqual([cell.outcome, cell.by], ['stopped_elsewhere', 'tools']);
  });
});

describe('a refresh token used twice', () => {
  it('native: a bound one is refused, and the agent keeps its grant', async () => {
    const cell = await attackOn(refreshTokenReuse, 'native');
    assert.deepEqual([cell.outcome, cell.by, cell.succeeded], ['stopped', 'agent', 0]);
    assert.equal(cell.evidence[2]!.found, 'served');
  });
  it('native without binding: the authority refuses it, and the agent loses its grant', async () => {
    const cell = await attackOn(refreshTokenReuse, 'native', unbound);
    assert.deepEqual([cell.outcome, cell.by], ['stopped_elsewhere', 'authority']);
    assert.match(cell.belief!.words, /log in again/);
  });
  it('native-regressed: as much', async () => {
    const cell = await attackOn(refreshTokenReuse, 'native-regressed');
    assert.deepEqual([cell.outcome, cell.by, cell.succeeded], ['stopped_elsewhere', 'authority', 0]);
  });
});
