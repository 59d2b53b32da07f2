import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explain, type LegTime, noLeg, type Side } from './explain.ts';

const kept: LegTime = { ...noLeg, attempts: 1 };
/** Connections that take 0.1 ms to look up, 0.2 to connect and 1.2 to secure, in this share of the attempts. */
const opening = (share: number): LegTime => ({
  ...kept,
  opened: share,
  lookup_us: 100 * share,
  connect_us: 200 * share,
  tls_us: 1_200 * share,
});
const opened_us = (share: number): number => 1_500 * share;

/** A side whose parts sum to what is felt; every change adds its own. */
function side(arm: string, change: Partial<Side> = {}): Side {
  const parts = {
    agent_us: 30,
    refresh_us: 0,
    wire_us: 120,
    gateway_us: 0,
    upstream_us: 0,
    check_us: 15,
    tool_us: 2_000,
    ...change,
  };
  return {
    arm,
    gateway: 'none',
    controls: 'off',
    fromAgent: kept,
    fromGateway: null,
    ...parts,
    felt_us: Object.values(parts).reduce<number>((sum, value) => sum + (typeof value === 'number' ? value : 0), 0),
  };
}
const gateway = (change: Partial<Side> = {}): Side =>
  side('gateway', { gateway: 'ours', gateway_us: 300, upstream_us: 180, fromGateway: kept, ...change });

const sum = (causes: { us: number }[]): number => causes.reduce((total, c) => total + c.us, 0);

describe('a difference that the configuration tells', () => {
  it('is the second hop, and nothing is unexpected', () => {
    const told = explain(gateway(), side('direct'));
    assert.equal(told.unexpected, false);
    assert.equal(told.causes[0]!.cause, 'second hop');
    assert.equal(told.causes[0]!.us, 480);
    assert.match(
      told.sentence,
      /^A call takes 0\.480 ms more on gateway than on direct: the second hop adds 0\.480 ms/,
    );
    assert.match(told.sentence, /gateway itself 0\.300 ms, its way on to the tool 0\.180 ms/);
    assert.match(told.sentence, /Nothing unexpected/);
  });

  it('is told from the other side too', () => {
    const told = explain(side('direct'), gateway());
    assert.equal(told.unexpected, false);
    assert.match(told.sentence, /0\.480 ms less on direct than on gateway: the second hop saves 0\.480 ms/);
  });

  it('is work in an agent with controls', () => {
    const told = explain(side('native', { agent_us: 180, controls: 'on' }), side('direct'));
    assert.equal(told.unexpected, false);
    assert.match(told.sentence, /work in the agent itself takes 0\.150 ms more\. Nothing unexpected/);
  });

  it('is an attached gateway, of which no span tells', () => {
    const told = explain(side('front', { gateway: 'attached', wire_us: 1_400 }), side('direct'));
    assert.equal(told.unexpected, false);
    assert.match(told.sentence, /the attached gateway in it, takes 1\.280 ms more/);
  });

  it('is none at all between two equal arms', () => {
    const told = explain(side('direct-b', { wire_us: 131 }), side('direct'));
    assert.equal(told.unexpected, false);
    assert.equal(
      told.sentence,
      'A call takes 0.011 ms more on direct-b than on direct. Nothing unexpected: no connections, name lookups, handshakes, refusals or hops beyond what is configured.',
    );
  });
});

describe('a difference that nobody expects', () => {
  it('is a new connection in 30 % of the attempts', () => {
    const told = explain(side('native', { wire_us: 120 + opened_us(0.3), fromAgent: opening(0.3) }), side('direct'));
    assert.equal(told.unexpected, true);
    assert.deepEqual([told.causes[0]!.cause, Math.round(told.causes[0]!.us)], ['new connections of the agent', 450]);
    assert.match(
      told.sentence,
      /Unexpected: native opens a new connection in 30 % of its attempts \(direct: 0 %\), which takes 0\.450 ms per call \(name lookup 0\.030 ms, connecting 0\.060 ms, TLS 0\.360 ms\)\.$/,
    );
    assert.equal(
      told.causes.some((c) => c.cause === 'way of the agent' && Math.abs(c.us) > 0.001),
      false,
    );
  });

  it('is a gateway that does not keep its connections open', () => {
    const told = explain(gateway({ upstream_us: 180 + opened_us(1), fromGateway: opening(1) }), side('direct'));
    assert.equal(told.unexpected, true);
    assert.match(
      told.sentence,
      /Unexpected: gateway opens a new connection in 100 % of the attempts of its gateway: connections are not kept open, which takes 1\.500 ms per call/,
    );
    assert.match(told.sentence, /the second hop adds 0\.480 ms/, 'the hop itself is told apart');
    assert.ok(Math.abs(sum(told.causes) - told.difference_us) < 1e-9);
  });

  it('hides a gateway’s price where the arm that bypasses it loses the time (claim C2)', () => {
    const slow = side('native', { wire_us: 120 + opened_us(1), fromAgent: opening(1) });
    const told = explain(gateway(), slow);
    assert.ok(told.difference_us < 0);
    assert.match(told.sentence, /Unexpected: native opens a new connection in 100 % of its attempts \(gateway: 0 %\)/);
    assert.match(told.sentence, /the second hop adds 0\.480 ms/);
  });

  it('is a slow name lookup where both open as often', () => {
    const slow = { ...opening(1), lookup_us: 5_100 };
    const told = explain(
      side('a', { wire_us: 120 + 6_500, fromAgent: slow }),
      side('b', { wire_us: 120 + 1_500, fromAgent: opening(1) }),
    );
    assert.equal(told.unexpected, true);
    assert.match(
      told.sentence,
      /opening connections costs a 5\.000 ms per call \(name lookup 5\.000 ms, connecting 0\.000 ms, TLS 0\.000 ms\)/,
    );
  });

  it('is a hop that nobody planned', () => {
    const told = explain(side('native', { wire_us: 4_120 }), side('direct'));
    assert.equal(told.unexpected, true);
    assert.match(
      told.sentence,
      /next tier takes 4\.000 ms more, and nothing that is configured tells why: a hop that nobody planned/,
    );
  });

  it('is attempts that are refused and made again', () => {
    const refused: LegTime = { ...kept, attempts: 1.25, refused: 0.2, refused_us: 60 };
    const told = explain(side('old', { wire_us: 180, fromAgent: refused }), side('new'));
    assert.equal(told.unexpected, true);
    assert.match(
      told.sentence,
      /20 % of the attempts of old are refused and made again \(new: 0 %\), 1\.25 attempts per call/,
    );
  });

  it('is a tool that takes longer, and time that no span tells of', () => {
    assert.match(
      explain(side('a', { tool_us: 2_500 }), side('b')).sentence,
      /Unexpected: the tools themselves take 0\.500 ms more/,
    );
    const lost = side('a');
    const told = explain({ ...lost, felt_us: lost.felt_us + 700 }, side('b'));
    assert.match(told.sentence, /Unexpected: 0\.700 ms more stand in no span/);
  });
});

it('causes sum to the difference, the largest first', () => {
  const told = explain(
    gateway({
      agent_us: 90,
      check_us: 9,
      tool_us: 2_003,
      upstream_us: 180 + opened_us(0.05),
      fromGateway: opening(0.05),
    }),
    side('direct', { refresh_us: 12 }),
  );
  assert.ok(Math.abs(sum(told.causes) - told.difference_us) < 1e-9);
  const sizes = told.causes.map((c) => Math.abs(c.us));
  assert.deepEqual(
    sizes,
    [...sizes].sort((a, b) => b - a),
  );
});
