/** The race study with few trials: the strategies differ, and by nothing but the agent's column. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { type Race, raceSchema } from '#contract/security.ts';
import { Supervisor } from '../campaign/supervise.ts';
import { clopperPearson } from '../stats/binomial.ts';
import { type RaceOptions, runRaces } from './races.ts';

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
