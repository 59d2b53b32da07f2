/** The race study with few trials: the strategies differ, and by nothing but the agent's column. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { type Race, raceSchema, trialsForAbsence } from '#contract/security.ts';
import { Supervisor } from '../campaign/supervise.ts';
import { clopperPearson } from '../stats/binomial.ts';
import { type RaceOptions, runRaces, trialsOf } from './races.ts';

const supervisor = new Supervisor();
let dir: string;
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'races-'));
});
after(() => rmSync(dir, { recursive: true }));

const study = (options: Partial<RaceOptions>): Promise<Race[]> =>
  runRaces({ supervisor, dir, seed: 'test', ...options });

it('regressed: escalated at gap 0 in most trials, and less often where the refreshes lie far apart', async () => {
  const races = await study({ strategies: ['regressed'], gaps_ms: [0, 400], trials: 12 });
  for (const race of races) raceSchema.parse(race);
  const [near, far] = races as [Race, Race];
  assert.deepEqual([near.strategy, near.gap_ms, near.trials, near.calls], ['regressed', 0, 12, 24]);
  assert.ok(near.escalated > 6, `${near.escalated} of 12 at gap 0`);
  assert.ok(far.escalated < near.escalated, `${far.escalated} of 12 at a gap of ${far.gap_ms} ms`);
  assert.deepEqual(near.ci95, clopperPearson(near.escalated, 12, 0.95));
});

it('hardened: none escalated, and every call served', async () => {
  const told: number[] = [];
  const races = await study({
    strategies: ['hardened'],
    gaps_ms: [0, 5],
    trials: 15,
    onTrial: (done, of) => told.push(done / of),
  });
  assert.deepEqual(
    races.map(({ gap_ms, escalated, served, calls }) => [gap_ms, escalated, served, calls]),
    [
      [0, 0, 30, 30],
      [5, 0, 30, 30],
    ],
  );
  assert.deepEqual([told.length, told.at(-1)], [30, 1]);
});

it('the hardened strategy has as many trials in all as are asked for; the rest of them at the smallest gap', async () => {
  const how = { gaps_ms: [5, 0, 20], trials: 4, hardened_trials: 40 };
  assert.deepEqual([...trialsOf('regressed', how).values()], [4, 4, 4]);
  assert.deepEqual(
    [...trialsOf('hardened', how)],
    [
      [5, 4],
      [0, 32],
      [20, 4],
    ],
  );
  assert.deepEqual([...trialsOf('hardened', { ...how, hardened_trials: 12 }).values()], [4, 4, 4]);
  assert.equal(
    [...trialsOf('hardened', { hardened_trials: trialsForAbsence }).values()].reduce((a, b) => a + b),
    2_000,
  );
  const told: [number, number][] = [];
  const races = await study({
    gaps_ms: [0, 5],
    trials: 2,
    hardened_trials: 20,
    onTrial: (done, of) => told.push([done, of]),
  });
  assert.deepEqual(
    races.map((r) => [r.strategy, r.gap_ms, r.trials, r.calls]),
    [
      ['regressed', 0, 2, 4],
      ['regressed', 5, 2, 4],
      ['hardened', 0, 18, 36],
      ['hardened', 5, 2, 4],
    ],
  );
  for (const { strategy, escalated, served, calls } of races)
    if (strategy === 'hardened') assert.deepEqual([escalated, served], [0, calls]);
  assert.deepEqual(
    told,
    Array.from({ length: 24 }, (_, n) => [n + 1, 24]),
  );
});

it('ends where it is told to', async () => {
  const ending = new AbortController();
  const running = study({
    strategies: ['hardened'],
    gaps_ms: [1],
    signal: ending.signal,
    onTrial: () => ending.abort(),
  });
  await assert.rejects(running, { code: 'STOPPED' });
});
