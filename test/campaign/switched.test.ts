/**
 * The security phase for real, as a user runs it: some attacks, against processes, on arms with everything on and on arms
 * with one thing switched off in campaign.yaml. What the report says comes from there, to the last trace that it cites.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Analysis, analysisSchema } from '#contract/analysis.ts';
import type { Manifest } from '#contract/manifest.ts';
import { type Cell, citedRecordSchema, type Security, securitySchema } from '#contract/security.ts';
import { builtinAttacks } from '../../bench/campaign/config/attacks.ts';
import { scratch, weighbridge } from './harness.ts';
import { manifestOf } from './killing.ts';

const place = scratch();
after(() => place.remove());
const dir = join(place.dir, 'campaign');
/** None with deadlines of its own, which a busy machine would miss; none on C4, whose races take long. */
const carriedOut = ['undeclared-operation', 'agent-log-tampered', 'audit-log-edited'];
const yaml = `arms:
  native: {}
  gateway: {}
  no-audit: {gateway: gateway, without: [audit]}
  no-manifest: {controls: on, settings: {plugins.enforce_manifest_permissions: false}}
security: {attacks: [${carriedOut.join(', ')}]}
`;

const read = (name: string): string => readFileSync(join(dir, name), 'utf8');
let security: Security;
let analysis: Analysis;
let manifest: Manifest;
let page: string;

before(async () => {
  const file = join(place.dir, 'campaign.yaml');
  writeFileSync(file, yaml);
  const { code, stderr } = await weighbridge(['run', file, '--profile', 'smoke', '--phases', 'security', '--out', dir]);
  assert.equal(code, 0, stderr);
  security = securitySchema.parse(JSON.parse(read('security.json')));
  analysis = analysisSchema.parse(JSON.parse(read('analysis.json')));
  manifest = manifestOf(dir);
  page = read('report.html').replaceAll('\u00a0', ' ');
});

const attackAt = (id: string): number => security.attacks.findIndex((a) => a.id === id);
const cellAt = (id: string, arm: string): number =>
  security.attacks[attackAt(id)]!.cells.findIndex((c) => c.arm === arm);
const cellOf = (id: string, arm: string): Cell => security.attacks[attackAt(id)]!.cells[cellAt(id, arm)]!;
/** The class by which the page colours a cell of its matrix. */
function lookOf(id: string, arm: string): string | undefined {
  const cell = `<details class="cell" id="security-a${attackAt(id)}-c${cellAt(id, arm)}"><summary><span class="outcome `;
  assert.ok(page.includes(cell), `${id} on ${arm}`);
  return page.split(cell)[1]!.split('"')[0];
}

describe('the security phase of a campaign', () => {
  it('carries out each attack that it was told to on each arm, and says which it left out', () => {
    assert.deepEqual(
      security.attacks.map(({ id }) => id),
      carriedOut,
    );
    for (const { cells } of security.attacks)
      assert.deepEqual(
        cells.map(({ arm }) => arm),
        manifest.arms.map(({ arm }) => arm),
      );
    assert.deepEqual(
      security.left_out!.map(({ id }) => id),
      builtinAttacks.filter((id) => !carriedOut.includes(id)),
    );
    assert.deepEqual(security.races, []);
    assert.deepEqual(analysis.security[0]!.left_out, security.left_out);
    assert.ok(page.includes(`As campaign.yaml has it, 3 of ${builtinAttacks.length} attacks were carried out.`));
  });

  for (const [id, whole, less] of [
    ['audit-log-edited', 'gateway', 'no-audit'],
    ['undeclared-operation', 'native', 'no-manifest'],
  ] as const) {
    it(`${id}: the cell of ${less}, with one control off, is red, and that of ${whole} is not`, () => {
      assert.equal(cellOf(id, whole).outcome, 'stopped', cellOf(id, whole).why);
      assert.equal(cellOf(id, less).outcome, 'not_stopped', cellOf(id, less).why);
      assert.deepEqual([lookOf(id, whole), lookOf(id, less)], ['confirmed', 'refuted']);
      const row = analysis.security[0]!.matrix.find((r) => r.attacks.includes(`/security/0/attacks/${attackAt(id)}`))!;
      const counts = (arm: string) => row.modelled.find((c) => c.arm === arm)!;
      assert.equal(counts(whole).stopped, counts(less).stopped + counts(less).not_stopped);
    });
  }

  it('what is switched off stands with the arm, in its subject, its label and a remark; the timed phases have it too', () => {
    const of = (arm: string) => manifest.arms.find((a) => a.arm === arm)!;
    const settings = { 'plugins.enforce_manifest_permissions': false };
    assert.deepEqual([of('no-audit').without, of('no-manifest').settings], [['audit'], settings]);
    assert.deepEqual([of('gateway').without, of('native').settings], [undefined, undefined]);
    assert.equal(of('no-audit').audit, undefined);
    assert.match(of('no-audit').subject.system, /^weighbridge-gateway@\S+ without audit$/);
    assert.match(of('no-manifest').subject.system, / with plugins\.enforce_manifest_permissions: false$/);
    assert.match(of('no-audit').label, /gateway with all controls but audit/);
    assert.ok(manifest.remarks.some((r) => r.includes('no-audit: its gateway does without audit')));
    assert.deepEqual(analysis.campaign.arms.find((a) => a.arm === 'no-manifest')!.settings, settings);
    // The agent of a block, and not of an attack: nobody denies what its manifest would.
    const payment = manifest.parity.find((p) => p.arm === 'no-manifest' && p.probe.startsWith('payment'))!;
    assert.match(payment.got, /^ok, 1 effects/);
  });

  it('judges C4, C5, C7 and C10 with reasons; those that miss their attacks stay open', () => {
    const verdict = (claim: string) => analysis.verdicts.find((v) => v.claim === claim)!;
    for (const [claim, says] of [
      ['C4', /no race was run/],
      ['C5', /In the agent: 1 of 1 attacks were ended by the agent itself/],
      ['C7', /Behind the gateway: nothing was carried out that tells/],
      ['C10', /Without a gateway: 3 of 3 .* Behind the gateway: 2 of 2 /],
    ] as const) {
      assert.match(verdict(claim).why, says);
      assert.equal(verdict(claim).verdict, 'inconclusive');
      assert.match(verdict(claim).why, /Capped: attacks that bear on it were left out\.$/);
      assert.ok(page.includes(verdict(claim).statement));
    }
    // Three arms without a gateway, one behind it: those with something off bear on no claim.
    assert.doesNotMatch(verdict('C10').subject.system, /without|with /);
  });
});

describe('what the cells cite', () => {
  it('is found in the directory, each trace of it, from the arm and the attack that cite it', () => {
    const records = read('evidence.ndjson')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => citedRecordSchema.parse(JSON.parse(line)));
    assert.deepEqual(security.evidence, { file: 'evidence.ndjson', records: records.length });
    const cells = security.attacks.flatMap(({ id, cells: of }) => of.map((cell) => ({ id, cell })));
    const cited = cells.filter(({ cell }) => cell.trace_id !== null);
    assert.ok(cited.length >= 10);
    for (const { id, cell } of cited) {
      const found = records.filter((r) => r.trace_id === cell.trace_id);
      assert.ok(found.length > 0, `${id} on ${cell.arm}`);
      for (const { attack, arm, record } of found) {
        assert.deepEqual([attack, arm], [id, cell.arm]);
        assert.ok(JSON.stringify(record).includes(cell.trace_id!));
      }
    }
    const traces = new Set(cited.map(({ cell }) => cell.trace_id));
    assert.ok(records.every((r) => traces.has(r.trace_id)));
    const edited = cellOf('audit-log-edited', 'gateway').trace_id;
    assert.ok(records.some((r) => r.trace_id === edited && r.kind === 'audit' && r.service === 'weighbridge-gateway'));
  });

  it('is linked in the page, stands under a digest with what was measured, and verifies', async () => {
    assert.ok(
      page.includes(`<code>${cellOf('undeclared-operation', 'native').trace_id}</code>, in <a href="evidence.ndjson">`),
    );
    const checksums = read('checksums.sha256');
    assert.match(checksums.slice(0, checksums.indexOf('# derived')), / {2}evidence\.ndjson$/m);
    assert.equal((await weighbridge(['verify', dir])).code, 0);
    writeFileSync(join(dir, 'evidence.ndjson'), read('evidence.ndjson').replace('"kind":"log"', '"kind":"lag"'));
    const altered = await weighbridge(['verify', dir]);
    assert.notEqual(altered.code, 0);
    assert.match(altered.stdout + altered.stderr, /evidence\.ndjson/);
  });
});
