import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Analysis, analysisSchema } from '#contract/analysis.ts';
import type { Manifest } from '#contract/manifest.ts';
import { type AttackResult, type Cell, capabilities, type Security } from '#contract/security.ts';
import { matrixOf } from './capabilities.ts';
import { analyse } from './index.ts';
import { contradictions } from './security.ts';
import { campaigns, claims, digest, latency, verdict } from './testing.ts';
import {
  attackedArms,
  attackOf,
  cellOf,
  elsewhere,
  exampleSecurity,
  none,
  raceOf,
  securityClaims,
  stoppedBy,
  through,
  writeSecurity,
} from './testingSecurity.ts';

const { campaign } = campaigns();
const small = { blocks: 2, arms: attackedArms, sessions: [{ ...latency, rounds: 1 }] };

describe('a campaign without the security phase', () => {
  it('has the same analysis to the byte as one that knows no claim on attacks', async () => {
    const without = await campaign({ ...small, claims });
    const { analysis } = await campaign({ ...small, claims: [...claims, ...securityClaims] });
    assert.deepEqual(analysis.security, []);
    assert.equal(JSON.stringify(analysis), JSON.stringify(without.analysis));
  });
});

describe('a campaign with the security phase', () => {
  it('carries its attacks, races and verdicts, the same to the byte again', async () => {
    const { dir, analysis: before } = await campaign({ ...small, claims: [...claims, ...securityClaims] });
    const security = exampleSecurity();
    await writeSecurity(dir, security);
    const analysis = await analyse(dir, digest);
    assert.equal(JSON.stringify(await analyse(dir, digest)), JSON.stringify(analysis));
    const [section] = analysis.security;
    assert.deepEqual(section!.attacks, security.attacks);
    assert.equal(section!.races.length, security.races.length);
    assert.deepEqual({ ...analysis, verdicts: [], security: [] }, { ...before, verdicts: [], security: [] });
    for (const { claim } of securityClaims) assert.equal(verdict(analysis, claim).verdict, 'confirmed', claim);
    for (const { evidence } of analysis.verdicts)
      for (const { pointer } of evidence) assert.notEqual(at(analysis, pointer), undefined, pointer);
    // Attacks take nothing from blocks, of which there are too few here.
    assert.ok(analysis.warnings.every((w) => !w.caps.includes('C4')));
    await rm(join(dir, 'security.json'));
    assert.equal(JSON.stringify(await analyse(dir, digest)), JSON.stringify(before));
  });

  it('whose attacks were restricted says so, and leaves open what those that were left out bear on', async () => {
    const { dir } = await campaign({ ...small, claims: [...claims, ...securityClaims] });
    const { attacks, ...rest } = exampleSecurity();
    const [bleed, ...others] = attacks;
    const left_out = [{ id: bleed!.id, title: bleed!.title, claims: bleed!.claims }];
    await writeSecurity(dir, { ...rest, attacks: others, left_out });
    const analysis = await analyse(dir, digest);
    assert.deepEqual(analysis.security[0]!.left_out, left_out);
    const warning = analysis.warnings.find((w) => w.code === 'attacks_left_out');
    assert.match(warning!.message, /^1 of 5 attacks were left out, .*: bleed\.$/);
    assert.deepEqual(warning!.caps, ['C4']);
    assert.equal(verdict(analysis, 'C4').verdict, 'inconclusive');
    assert.match(verdict(analysis, 'C4').why, /Capped: attacks that bear on it were left out\.$/);
    for (const claim of ['C5', 'C7', 'C10']) assert.equal(verdict(analysis, claim).verdict, 'confirmed');
    await writeSecurity(dir, { ...rest, attacks, left_out });
    await assert.rejects(analyse(dir, digest), { code: 'STORE', message: /attack bleed is there twice/ });
  });

  it('refuses a file that was cut, is of another version, or cannot be', async () => {
    const { dir } = await campaign(small);
    const refused = async (content: string, message: RegExp) => {
      await writeFile(join(dir, 'security.json'), content);
      await assert.rejects(analyse(dir, digest), { code: 'STORE', message });
    };
    const good = exampleSecurity();
    await refused(JSON.stringify(good).slice(0, 900), /not of this version/);
    await refused(JSON.stringify({ ...good, version: 2 }), /not of this version: version/);
    const [first] = good.attacks;
    await refused(
      JSON.stringify({ ...good, attacks: [first, first] }),
      /contradicts itself: attack bleed is there twice/,
    );
  });
});

/** What a JSON pointer (RFC 6901) leads to. */
const at = (value: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);

describe('contradictions', () => {
  const known = new Set(attackedArms.map((a) => a.arm));
  const good = exampleSecurity();
  const found = (cell: Partial<Cell>, of = through): string[] => {
    const attacks = [{ ...good.attacks[0]!, cells: [{ ...cellOf('native', of), ...cell }] }];
    return contradictions({ ...good, attacks }, known);
  };

  it('are none in a sound file', () => {
    assert.deepEqual(contradictions(good, known), []);
  });

  it('of a cell', () => {
    assert.match(found({ succeeded: 5 })[0]!, /bleed on native: 5 successes in 4 tries/);
    assert.match(found({ arm: 'elsewhere' })[0]!, /no such arm/);
    assert.match(found({ succeeded: 0 })[0]!, /not stopped, without a success/);
    assert.match(found({ succeeded: 1 }, stoppedBy('agent'))[0]!, /stopped, with 1 successes/);
    assert.match(found({ by: 'tools' }, stoppedBy('agent'))[0]!, /no part of the arm/);
    assert.match(found({ by: 'agent' }, elsewhere)[0]!, /stopped elsewhere, by agent/);
    assert.match(found({ tries: 0 }, elsewhere)[0]!, /never tried/);
    assert.match(found({ tries: 1 }, none)[0]!, /not applicable, and tried/);
    const twice = [cellOf('native', through), cellOf('native', through)];
    assert.match(contradictions({ ...good, attacks: [{ ...good.attacks[0]!, cells: twice }] }, known)[0]!, /twice/);
  });

  it('of a race', () => {
    const of = (change: Partial<Security['races'][number]>): string[] =>
      contradictions({ ...good, races: [{ ...raceOf('hardened', 0, 0), ...change }] }, known);
    assert.match(of({ escalated: 501 })[0]!, /501 escalations in 500 trials/);
    assert.match(of({ served: 1001 })[0]!, /1001 of 1000 calls/);
    assert.match(of({ ci95: [0, 0.001] })[0]!, /is not the exact interval of 0 in 500/);
  });
});

const subject = { system: 'x@1', kind: 'modelled' as const, placement: 'here', protocol: 'http' };
const manifestWith = (real: readonly string[] = []): Manifest =>
  ({
    arms: ['direct', 'native', 'gateway', 'ours'].map((arm) => ({
      arm,
      subject: { ...subject, kind: real.includes(arm) ? 'real' : 'modelled' },
    })),
  }) as unknown as Manifest;

describe('the capability matrix', () => {
  it('counts every cell in exactly one row, and its outcomes add up', () => {
    const outcome = fc.constantFrom('stopped', 'stopped_elsewhere', 'not_stopped', 'not_applicable' as const);
    const cells = fc.uniqueArray(fc.record({ arm: fc.constantFrom('direct', 'native', 'gateway', 'ours'), outcome }), {
      selector: (c) => c.arm,
    });
    const attack = fc.record({ capability: fc.constantFrom(...capabilities), cells });
    fc.assert(
      fc.property(fc.array(attack, { maxLength: 30 }), fc.subarray(['gateway', 'ours']), (drawn, real) => {
        const attacks = drawn as unknown as AttackResult[];
        const rows = matrixOf(attacks, { manifest: manifestWith(real), verdicts: [] });
        assert.equal(rows.length, 11);
        const counts = rows.flatMap((r) => [...r.modelled, ...r.measured]);
        const every = attacks.flatMap((a) => a.cells);
        for (const arm of ['direct', 'native', 'gateway', 'ours']) {
          for (const key of ['stopped', 'stopped_elsewhere', 'not_stopped', 'not_applicable'] as const) {
            const sum = counts.filter((c) => c.arm === arm).reduce((n, c) => n + c[key], 0);
            assert.equal(sum, every.filter((c) => c.arm === arm && c.outcome === key).length);
          }
        }
        for (const row of rows) {
          const own = row.attacks.map((p) => attacks[Number(p.split('/')[4])]!);
          assert.ok(own.every((a) => a.capability === row.capability));
          const all = [...row.modelled, ...row.measured];
          const total = all.reduce((n, c) => n + c.stopped + c.stopped_elsewhere + c.not_stopped + c.not_applicable, 0);
          assert.equal(total, own.flatMap((a) => a.cells).length);
          assert.ok(
            row.measured.every((m) => real.includes(m.arm)) && row.modelled.every((m) => !real.includes(m.arm)),
          );
        }
        assert.equal(rows.flatMap((r) => r.attacks).length, attacks.length);
      }),
    );
  });

  it('has a real product only where one was weighed', () => {
    const attacks = [attackOf('a', { capability: 'budgets' }, { gateway: stoppedBy('gateway'), ours: through })];
    const modelled = matrixOf(attacks, { manifest: manifestWith(), verdicts: [] });
    assert.ok(modelled.every((r) => r.measured.length === 0 && r.figures.measured.length === 0));
    const verdicts = ['C1a', 'C1b-ours', 'C10'].map((claim, i) => ({
      claim,
      subject: { ...subject, kind: i === 1 ? 'real' : 'modelled' },
    })) as Analysis['verdicts'];
    const weighed = matrixOf(attacks, { manifest: manifestWith(['ours']), verdicts });
    const row = (capability: string) => weighed.find((r) => r.capability === capability)!;
    assert.deepEqual(
      row('budgets').measured.map((m) => [m.arm, m.not_stopped]),
      [['ours', 1]],
    );
    assert.deepEqual(row('latency_overhead').figures, { modelled: ['/verdicts/0'], measured: ['/verdicts/1'] });
    assert.ok(weighed.every((r) => r.capability === 'latency_overhead' || r.figures.modelled.length === 0));
  });

  it('claims in every row of the subject, of both sides', () => {
    const rows = matrixOf([], { manifest: manifestWith(), verdicts: [] });
    const seven = rows.slice(0, 7);
    assert.ok(seven.every((r) => r.claimed.native !== null && r.claimed.gateway !== null));
    const named = new Set(rows.map((r) => r.capability));
    assert.deepEqual(
      [...capabilities, 'latency_overhead'].filter((c) => !named.has(c)),
      [],
    );
  });
});

it('an analysis from before there were attacks is valid', () => {
  assert.ok(analysisSchema.shape.security.safeParse([]).success);
  assert.ok(!analysisSchema.shape.security.safeParse([{}]).success);
});
