/** Claim C4: did overlapping refreshes hand out more scope than was consented to, before the fix and after it? */
import type { Race } from '#contract/security.ts';
import { clopperPearson } from '../stats/binomial.ts';
import { armsOf, cellsOn, countEvidence, isNative, isRegressed } from './attackCells.ts';
import type { Evidence } from './findings.ts';
import type { Attacked, Part } from './securityVerdict.ts';

/** Where nothing was seen, the upper end of the interval below which that shows absence. Fixed before the run. */
export const absence = 0.05;

export const escalationParts = (attacked: Attacked): Part[] => [
  racesBefore(attacked),
  attacksBefore(attacked),
  after(attacked),
];

const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.01 ? 2 : 1)} %`;

const raceEvidence = (race: Race, index: number): Evidence[number] => ({
  label: `${race.strategy}, gap ${race.gap_ms} ms`,
  pointer: `/security/0/races/${index}`,
  estimate: race.escalated / race.trials,
  ci: race.ci95,
  unit: 'ratio',
  n: race.trials,
});

const regressedArms = ({ manifest }: Attacked): string[] => manifest.arms.filter(isRegressed).map((a) => a.arm);

/** Shown where the lower end lies above zero at some gap; not shown where none was seen in trials enough to tell. */
function racesBefore(attacked: Attacked): Part {
  const races = attacked.security.races
    .map((race, index) => ({ race, index }))
    .filter(({ race }) => race.strategy === 'regressed')
    .toSorted((a, b) => a.race.gap_ms - b.race.gap_ms);
  const part = { arms: regressedArms(attacked), decides: true };
  const closest = races[0];
  if (!closest) return { ...part, state: 'open', says: 'Before the fix: no race was run.', evidence: [] };
  const farthest = races.at(-1)!;
  const shown = races.some(({ race }) => race.ci95[0] > 0);
  const absent = closest.race.ci95[1] <= absence;
  const text = ({ race }: (typeof races)[number]): string =>
    `${race.escalated} of ${race.trials} overlapping refreshes escalated at a gap of ${race.gap_ms} ms (${percent(race.escalated / race.trials)}, 95 %: ${race.ci95.map(percent).join(' to ')})`;
  const ends = farthest === closest ? [closest] : [closest, farthest];
  return {
    ...part,
    state: shown ? 'shown' : absent ? 'not shown' : 'open',
    says: `Before the fix: ${ends.map(text).join('; ')}.`,
    evidence: ends.map(({ race, index }) => raceEvidence(race, index)),
  };
}

/** The same by the attacks on the arm as it was: across sessions and across tenants. */
function attacksBefore(attacked: Attacked): Part {
  const cells = cellsOn(attacked, isRegressed);
  const part = { arms: armsOf(cells), decides: true };
  const first = cells[0];
  if (!first)
    return { ...part, state: 'open', says: 'No attack was carried out on the runtime as it was.', evidence: [] };
  const through = cells.filter((c) => c.cell.outcome === 'not_stopped');
  const named = cells.map((c) => `${c.attack.title} (${c.cell.succeeded} of ${c.cell.tries})`);
  return {
    ...part,
    state: through.length === cells.length ? 'shown' : through.length === 0 ? 'not shown' : 'partly',
    says: `Attacks that succeeded on it: ${through.length} of ${cells.length}: ${named.join('; ')}.`,
    evidence: countEvidence('attacks that succeeded before the fix', first.pointer, {
      k: through.length,
      n: cells.length,
    }),
  };
}

/**
 * None may be seen after the fix, in trials enough to tell, while every call is served: an agent that refuses escalates
 * nothing either, and has shown nothing. How few that leaves possible stands in the sentence.
 */
function after(attacked: Attacked): Part {
  const { security } = attacked;
  const races = security.races.filter((r) => r.strategy === 'hardened');
  const cells = cellsOn(attacked, isNative);
  const sum = (of: (race: Race) => number): number => races.reduce((total, race) => total + of(race), 0);
  const trials = sum((r) => r.trials);
  const escalated = sum((r) => r.escalated);
  const served = sum((r) => r.served);
  const calls = sum((r) => r.calls);
  const through = cells.filter((c) => c.cell.outcome === 'not_stopped').length;
  const part = { arms: armsOf(cells), decides: false };
  if (trials === 0) return { ...part, state: 'open', says: 'After it: no race was run.', evidence: [] };
  const ci = clopperPearson(escalated, trials, 0.95);
  const seen = escalated === 0 ? `none of ${trials}` : `${escalated} of ${trials}`;
  const attacks = cells.length === 0 ? '' : `; ${through} of ${cells.length} attacks succeeded`;
  return {
    ...part,
    state: escalated + through > 0 || served < calls ? 'not shown' : ci[1] <= absence ? 'shown' : 'open',
    says: `After it: ${seen} over all gaps (at most ${percent(ci[1])}), ${served} of ${calls} calls served${attacks}.`,
    evidence: [
      {
        label: 'hardened, all gaps',
        pointer: `/security/0/races/${security.races.indexOf(races[0]!)}`,
        estimate: escalated / trials,
        ci,
        unit: 'ratio',
        n: trials,
      },
    ],
  };
}
