import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Verdict } from '#contract/analysis.ts';
import type { Outcome } from '#contract/calls.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { AttackResult, Capability, Race, Security } from '#contract/security.ts';
import type { Findings } from './findings.ts';
import { securityVerdict } from './securityVerdict.ts';
import {
  attackedArms,
  attackOf,
  cellOf,
  exampleSecurity,
  none,
  raceOf,
  securityClaims,
  stoppedBy,
  through,
} from './testingSecurity.ts';

const manifest = {
  blocks: [],
  arms: attackedArms.map(({ arm, controls, gateway }) => ({
    arm,
    controls,
    gateway,
    subject: {
      system: gateway === 'none' ? 'agent@1' : 'gateway@1',
      kind: 'modelled',
      placement: 'here',
      protocol: 'http',
    },
  })),
} as unknown as Manifest;

interface Change {
  races?: Race[];
  attacks?: AttackResult[];
  warnings?: Findings['warnings'];
}

/** The verdict on a claim, of the example where nothing else is said. */
function judged(claim: string, { races, attacks, warnings = [] }: Change = {}): Verdict {
  const example = exampleSecurity();
  const security: Security = { ...example, races: races ?? example.races, attacks: attacks ?? example.attacks };
  const findings = { data: { manifest }, comparisons: [], arms: [], warnings, security } as unknown as Findings;
  return securityVerdict(findings, securityClaims.find((c) => c.claim === claim)!);
}

const example = exampleSecurity();
const c4 = example.attacks.filter((a) => a.claims.includes('C4'));
const regressed = (escalated: number, trials = 500): Race[] => [
  raceOf('regressed', 0, escalated, trials),
  raceOf('hardened', 0, 0, trials),
];

describe('C4, escalation', () => {
  it('is confirmed for the model: the lower end above zero before the fix, none after it', () => {
    const v = judged('C4');
    assert.equal(v.verdict, 'confirmed');
    assert.match(
      v.why,
      /500 of 500 overlapping refreshes escalated at a gap of 0 ms \(100\.0 %, 95 %: 99\.3 % to 100\.0 %\)/,
    );
    assert.match(v.why, /none of 1500 over all gaps \(at most 0\.25 %\), 3000 of 3000 calls served/);
    assert.match(v.scope!, /model of the article’s story/);
    assert.equal(v.subject.system, 'agent@1');
    assert.deepEqual(
      v.evidence.map((e) => [e.label, e.estimate, e.n]),
      [
        ['regressed, gap 0 ms', 1, 500],
        ['regressed, gap 10 ms', 0.18, 500],
        ['attacks that succeeded before the fix', 1, 1],
        ['hardened, all gaps', 0, 1500],
      ],
    );
  });

  it('one escalation is enough before the fix, and one after it is too many', () => {
    assert.equal(judged('C4', { races: regressed(1) }).verdict, 'confirmed');
    assert.equal(judged('C4', { races: [raceOf('regressed', 0, 500), raceOf('hardened', 5, 1)] }).verdict, 'mixed');
  });

  it('after the fix every call has to be served: an agent that refuses some of them has shown nothing', () => {
    const after = (served: number): Race => ({ ...raceOf('hardened', 0, 0), served });
    const before = raceOf('regressed', 0, 500);
    assert.equal(judged('C4', { races: [before, after(1_000)] }).verdict, 'confirmed');
    for (const served of [999, 0]) {
      const v = judged('C4', { races: [before, after(served)] });
      assert.equal(v.verdict, 'mixed');
      assert.match(v.why, new RegExp(`none of 500 over all gaps .*, ${served} of 1000 calls served`));
    }
    const spread = [after(1_000), { ...raceOf('hardened', 5, 0), served: 999 }];
    assert.equal(judged('C4', { races: [before, ...spread] }).verdict, 'mixed');
  });

  it('after the fix, too, trials have to be enough to tell: none of 72 leaves 5.0 % possible, none of 71 more', () => {
    const after = (...trials: number[]): Verdict =>
      judged('C4', { races: [raceOf('regressed', 0, 500), ...trials.map((n, gap) => raceOf('hardened', gap, 0, n))] });
    assert.equal(after(72).verdict, 'confirmed');
    for (const trials of [[71], [1]]) {
      const v = after(...trials);
      assert.equal(v.verdict, 'inconclusive');
      assert.match(v.why, /Open in 1 of 3 parts/);
    }
    assert.equal(after(36, 36).verdict, 'confirmed', 'over all gaps');
    assert.equal(after(36, 35).verdict, 'inconclusive');
  });

  it('is refuted where nothing escalates in trials enough to tell, and open where they are too few', () => {
    const held = [
      attackOf('bleed', { capability: 'oauth_scopes', claims: ['C4'] }, { 'native-regressed': stoppedBy('agent') }),
    ];
    assert.equal(judged('C4', { races: regressed(0), attacks: held }).verdict, 'refuted');
    assert.equal(judged('C4', { races: regressed(0, 20), attacks: held }).verdict, 'inconclusive');
    assert.equal(judged('C4', { races: regressed(500), attacks: held }).verdict, 'mixed');
  });

  it('is open where a part was not run', () => {
    assert.equal(judged('C4', { races: [] }).verdict, 'inconclusive');
    assert.equal(judged('C4', { races: [raceOf('regressed', 0, 500)] }).verdict, 'inconclusive');
    assert.match(judged('C4', { attacks: [] }).why, /No attack was carried out on the runtime as it was/);
    assert.equal(judged('C4', { attacks: [] }).verdict, 'inconclusive');
    const empty = judged('C4', { attacks: [], races: [] });
    assert.equal(empty.evidence[0]!.label, 'not estimated');
  });

  it('is capped by a warning on the campaign as a whole', () => {
    const warnings = [{ code: 'parity', message: '', mend: '', caps: ['C4'] }];
    assert.equal(judged('C4', { warnings }).verdict, 'inconclusive');
    assert.match(judged('C4', { warnings }).why, /Capped: parity/);
    assert.equal(judged('C5', { warnings }).verdict, 'confirmed');
  });
});

describe('C5, blocked calls', () => {
  const hammered = (cells: Parameters<typeof attackOf>[2], capability: Capability = 'fail_closed'): Change => ({
    attacks: [...c4, attackOf('hammered', { capability, claims: ['C5'] }, cells)],
  });
  const known = { native: stoppedBy('agent'), gateway: stoppedBy('gateway') };

  it('is confirmed where the agent ends it itself, and behind the gateway one goes on or does not know', () => {
    const v = judged('C5');
    assert.equal(v.verdict, 'confirmed');
    assert.match(
      v.why,
      /In the agent: 1 of 1 attacks were ended by the agent itself \(The attack hammered on native, 0 of 4 went through, taken for denied\)\./,
    );
    assert.match(
      v.why,
      /Behind the gateway: 1 of 1 went on after a refusal, or .* as refused \(The attack hammered on gateway, 0 of 4 went through, taken for denied and timeout\)\. Every part/,
    );
    assert.equal(v.subject.system, 'agent@1, gateway@1');
    const misled = { ...known, gateway: stoppedBy('gateway', ['ok']) };
    assert.equal(judged('C5', hammered(misled)).verdict, 'confirmed');
    assert.equal(judged('C5', hammered({ ...known, gateway: through })).verdict, 'confirmed');
  });

  it('is mixed where half of it holds, refuted where neither does', () => {
    assert.equal(judged('C5', hammered(known)).verdict, 'mixed');
    assert.equal(judged('C5', hammered({ ...known, native: through })).verdict, 'refuted');
    const v = judged('C5', hammered({ native: through, gateway: stoppedBy('gateway', ['timeout']) }));
    assert.equal(v.verdict, 'mixed');
    assert.match(v.why, /In the agent: 0 of 1 /);
  });

  it('is open where nothing was refused behind the gateway: to do what nothing refuses is not to go on', () => {
    assert.equal(judged('C5', hammered({ ...known, gateway: through }, 'plugin_permissions')).verdict, 'inconclusive');
    assert.equal(judged('C5', hammered({ native: none, gateway: none })).verdict, 'inconclusive');
  });
});

describe('C7, silent failure', () => {
  const header = (gateway: Outcome[], layered: Outcome[]): Change => ({
    attacks: [
      attackOf(
        'header',
        { capability: 'fail_closed', claims: ['C7'] },
        {
          native: none,
          gateway: stoppedBy('gateway', gateway),
          layered: stoppedBy('gateway', layered),
        },
      ),
    ],
  });

  it('is confirmed where no dropped call is known as refused, refuted where every one is, mixed between', () => {
    assert.equal(judged('C7').verdict, 'confirmed');
    assert.equal(judged('C7', header(['denied'], ['denied'])).verdict, 'refuted');
    assert.equal(judged('C7', header(['timeout'], ['denied'])).verdict, 'mixed');
    assert.equal(judged('C7', { attacks: [] }).verdict, 'inconclusive');
  });
});

describe('an arm with something switched off on purpose', () => {
  const without = (arm: string, change: object) => ({
    ...manifest,
    arms: [...manifest.arms, { ...manifest.arms.find((a) => a.arm === arm)!, arm: 'less', ...change }],
  });
  for (const [claim, arm, change] of [
    ['C5', 'native', { settings: { 'plugins.enforce_manifest_permissions': false } }],
    ['C10', 'gateway', { without: ['audit'] }],
    ['C7', 'gateway', { without: ['policy'] }],
  ] as const) {
    it(`bears on no claim: ${claim}, ${arm}`, () => {
      const security = exampleSecurity();
      for (const attack of security.attacks) attack.cells.push(cellOf('less', through));
      const judge = (arms: Manifest) =>
        securityVerdict(
          { data: { manifest: arms }, comparisons: [], arms: [], warnings: [], security } as unknown as Findings,
          securityClaims.find((c) => c.claim === claim)!,
        );
      assert.equal(judge(without(arm, change) as Manifest).verdict, 'confirmed');
      if (claim !== 'C7') assert.notEqual(judge(without(arm, {}) as Manifest).verdict, 'confirmed');
    });
  }
});

describe('C10, logs', () => {
  const logs = (cells: Parameters<typeof attackOf>[2]): Change => ({
    attacks: [attackOf('tampered', { capability: 'audit_logging', claims: ['C10'] }, cells)],
  });

  it('is confirmed where no local alteration is noticed and every central one is; a bare gateway says nothing', () => {
    assert.equal(judged('C10').verdict, 'confirmed');
    assert.match(judged('C10').why, /Without a gateway: 2 of 2 .* Behind the gateway: 2 of 2 /);
  });

  it('is mixed, refuted or open otherwise', () => {
    assert.equal(judged('C10', logs({ native: through, gateway: through })).verdict, 'mixed');
    assert.equal(judged('C10', logs({ native: stoppedBy('agent'), gateway: through })).verdict, 'refuted');
    assert.equal(judged('C10', logs({ native: through, gateway: none })).verdict, 'inconclusive');
  });
});
