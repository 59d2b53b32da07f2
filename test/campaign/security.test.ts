/**
 * The security phase in a campaign: behind the blocks, once, kept whole, and taken up where it was stopped. The attacks are
 * made up here; `switched.test.ts` has real ones.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Security } from '#contract/security.ts';
import { defaultCampaign } from '../../bench/campaign/config/index.ts';
import { planInputOf } from '../../bench/campaign/input.ts';
import { findCampaign } from '../../bench/campaign/resume.ts';
import { runCampaign } from '../../bench/campaign/run.ts';
import { keepSecurity, type SecurityPhase } from '../../bench/campaign/security.ts';
import { Supervisor } from '../../bench/campaign/supervise.ts';
import { buildOutcome } from '../../bench/outcome.ts';
import { workloads } from '../../bench/workloads/index.ts';
import { scratch } from './harness.ts';
import { manifestOf } from './killing.ts';

const place = scratch();
after(() => place.remove());
const dir = join(place.dir, 'campaign');
mkdirSync(dir);
const config = defaultCampaign({ profile: 'smoke', arms: ['direct', 'direct-b'], seed: 'attacked' });
const plan = planInputOf(config, workloads, ['security']);
const progress = { step: () => undefined, note: () => undefined, end: () => undefined };

const trace_id = 'ab'.repeat(16);
let asked = 0;
const found: SecurityPhase = async ({ arms, seed, cite }) => {
  asked++;
  const whose = { attack: 'made-up', service: 'weighbridge-tools', tier: 'tools', kind: 'log' as const };
  // In another order than that of the arms.
  for (const { arm } of arms.toReversed()) cite([{ trace_id, ...whose, arm, record: { trace_id } }]);
  return securityOf(
    seed,
    arms.map(({ arm }) => arm),
  );
};
const stopped: SecurityPhase = () => {
  asked++;
  return Promise.reject(new WeighbridgeError('STOPPED', 'stopped by the user'));
};

const securityOf = (seed: string, arms: string[]): Security => ({
  version: 1,
  seed,
  started: '2026-01-31T10:00:00.000Z',
  duration_s: 1,
  races: [],
  attacks: [
    {
      id: 'made-up',
      title: 'Made up',
      capability: 'budgets',
      claims: [],
      story: false,
      counts_as_stopped: 'It is.',
      cells: arms.map((arm) => ({
        arm,
        outcome: 'stopped_elsewhere',
        by: 'tools',
        tries: 1,
        succeeded: 0,
        time_to_stop_ms: 1,
        belief: null,
        trace_id,
        evidence: [],
        why: 'It was made up.',
      })),
    },
  ],
});

async function sit(security: SecurityPhase) {
  const taken = asked === 0 ? null : await findCampaign(dir);
  return runCampaign({
    id: 'attacked',
    config,
    plan,
    dir,
    yaml: 'version: 1\n',
    security,
    progress,
    ...(taken?.kind === 'unfinished' ? { resume: taken.checkpoint } : {}),
    supervisor: new Supervisor(),
    signal: new AbortController().signal,
  });
}

test('stopped in its midst, the campaign is aborted with its blocks; resumed, only the phase is carried out', async () => {
  const first = await sit(stopped);
  assert.deepEqual([first.status, first.blocks, first.error?.code], ['aborted', 1, 'STOPPED']);
  const second = await sit(found);
  assert.deepEqual([second.status, second.blocks, second.error, asked], ['complete', 1, null, 2]);
  const manifest = manifestOf(dir);
  assert.deepEqual(manifest.plan.phases, ['parity', 'security']);
  assert.equal(manifest.processes.filter((p) => p.name === 'authorization server').length, 1);
  assert.ok(manifest.parity.length > 0);
});

test('it is raw data, under a digest, and the report is whole', async () => {
  const analysis = await buildOutcome(dir);
  assert.equal(analysis.security.length, 1);
  const checksums = readFileSync(join(dir, 'checksums.sha256'), 'utf8');
  const raw = checksums.slice(0, checksums.indexOf('# derived'));
  assert.match(raw, / {2}security\.json$/m);
  assert.match(raw, / {2}evidence\.ndjson$/m);
  const cited = readFileSync(join(dir, 'evidence.ndjson'), 'utf8').split('\n').slice(0, -1);
  assert.deepEqual(
    cited.map((line) => JSON.parse(line).arm),
    config.arms.map(({ arm }) => arm),
  );
});

test('profiles that have the time put the hardened agent to the test 2,000 times', async () => {
  const told: [string, number | undefined][] = [];
  for (const profile of ['smoke', 'quick', 'standard', 'rigorous']) {
    const noting: SecurityPhase = (order) => {
      told.push([profile, order.hardened_trials]);
      return found(order);
    };
    await keepSecurity(noting, {
      config: defaultCampaign({ profile, arms: ['direct'] }),
      dir: mkdtempSync(join(place.dir, 'kept-')),
      work_dir: mkdtempSync(join(place.dir, 'work-')),
      progress,
      supervisor: new Supervisor(),
      signal: new AbortController().signal,
    });
  }
  assert.deepEqual(told, [
    ['smoke', undefined],
    ['quick', undefined],
    ['standard', 2_000],
    ['rigorous', 2_000],
  ]);
});

test('what is whole and of this campaign is not carried out again; what is cut, or another’s, is', async () => {
  const file = join(dir, 'security.json');
  const again = async (change: Partial<typeof config> = {}): Promise<boolean> => {
    const before = asked;
    const work_dir = mkdtempSync(join(place.dir, 'work-'));
    await keepSecurity(found, {
      config: { ...config, ...change },
      dir,
      work_dir,
      progress,
      supervisor: new Supervisor(),
      signal: new AbortController().signal,
    });
    return asked > before;
  };
  assert.equal(await again(), false);
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, -9));
  assert.equal(await again(), true);
  assert.equal(await again({ seed: 'other' }), true);
  assert.equal(await again({ seed: 'other' }), false);
  assert.equal(await again({ seed: 'other', attacks: ['missing-header'] }), true);
  rmSync(join(dir, 'evidence.ndjson'));
  assert.equal(await again({ seed: 'other' }), true);
  assert.equal(await again({ seed: 'other', arms: config.arms.slice(0, 1) }), true);
});
