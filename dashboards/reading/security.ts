/** Outcomes of attacks as people read them: words, signs, counts; shared by page, record, summary and CI. */
import type { Analysis, OutcomeCounts, SecuritySection } from '#contract/analysis.ts';
import type { AttackResult, Capability, Cell } from '#contract/security.ts';
import { byArm } from './arms.ts';
import { clean, count, list, plural, shorten } from './format.ts';

/** Null where the phase was not run. */
export const attacked = (analysis: Analysis): SecuritySection | null => analysis.security[0] ?? null;

/** How the phase is run, where it was not. */
export const howToAttack = 'npx weighbridge run --phases security';

export interface OutcomeLook {
  word: string;
  /** Tells the outcomes apart without colour. */
  sign: string;
  /** Class of the page's colours, those of verdicts. */
  look: 'confirmed' | 'mixed' | 'refuted' | 'inconclusive';
}

export const outcomeLooks: Record<Cell['outcome'], OutcomeLook> = {
  stopped: { word: 'stopped', sign: '✓', look: 'confirmed' },
  stopped_elsewhere: { word: 'stopped elsewhere', sign: '◇', look: 'mixed' },
  not_stopped: { word: 'not stopped', sign: '✕', look: 'refuted' },
  not_applicable: { word: 'not applicable', sign: '–', look: 'inconclusive' },
};

type Counts = Omit<OutcomeCounts, 'arm' | 'subject'>;

export const applicable = (c: Counts): number => c.stopped + c.stopped_elsewhere + c.not_stopped;

/** The outcome that says most of several: one success weighs more than any number of refusals. */
export function worstOf(c: Counts): Cell['outcome'] {
  if (c.not_stopped > 0) return 'not_stopped';
  if (c.stopped > 0) return 'stopped';
  return c.stopped_elsewhere > 0 ? 'stopped_elsewhere' : 'not_applicable';
}

/** `4 of 6 stopped, 1 elsewhere, 1 not`; `none applies` where nothing could be carried out. */
export function countsText(c: Counts): string {
  const all = applicable(c);
  if (all === 0) return 'none applies';
  const rest = [
    c.stopped_elsewhere > 0 ? `${count(c.stopped_elsewhere)} elsewhere` : null,
    c.not_stopped > 0 ? `${count(c.not_stopped)} not` : null,
  ].filter((t) => t !== null);
  return [`${count(c.stopped)} of ${count(all)} stopped`, ...rest].join(', ');
}

export interface AttackCell {
  attack: AttackResult;
  cell: Cell;
}

/** Cells of an arm, of some capabilities only where they are given. */
export function cellsOfArm(section: SecuritySection, arm: string, only?: readonly Capability[]): AttackCell[] {
  return section.attacks.flatMap((attack) =>
    only && !only.includes(attack.capability)
      ? []
      : attack.cells.filter((c) => c.arm === arm).map((cell) => ({ attack, cell })),
  );
}

export function countsOf(cells: readonly AttackCell[]): Counts {
  const of = (outcome: Cell['outcome']): number => cells.filter((c) => c.cell.outcome === outcome).length;
  return {
    stopped: of('stopped'),
    stopped_elsewhere: of('stopped_elsewhere'),
    not_stopped: of('not_stopped'),
    not_applicable: of('not_applicable'),
  };
}

/** Arms on which anything was carried out, in display order. */
export function attackedArms(analysis: Analysis, section: SecuritySection): string[] {
  const names = [...new Set(section.attacks.flatMap((a) => a.cells.map((c) => c.arm)))];
  return byArm(
    analysis,
    names.map((arm) => ({ arm })),
  ).map((a) => a.arm);
}

/** Names of attacks, so many of them; what is left out is counted. */
export function titles(cells: readonly AttackCell[], most: number): string {
  const named = cells.slice(0, most).map((c) => shorten(clean(c.attack.title), 60));
  const more = cells.length - named.length;
  return more > 0 ? `${named.join('; ')}; and ${count(more)} more` : list(named);
}

/** Arms that stand for an arrangement, in a sentence each: `native: 4 of 6 stopped, …`. */
export function armSentences(analysis: Analysis, only: readonly Capability[]): string[] {
  const section = attacked(analysis);
  if (!section) return [];
  return attackedArms(analysis, section)
    .filter((arm) => !['direct', 'direct-b', 'passthrough', 'placebo'].includes(arm))
    .flatMap((arm) => {
      const counts = countsOf(cellsOfArm(section, arm, only));
      return applicable(counts) === 0 ? [] : [`${shorten(clean(arm), 40)} ${countsText(counts)}`];
    });
}

/** Says that some attacks only were carried out, and which were not; null where all were. */
export function restrictedText({ attacks, left_out = [] }: SecuritySection): string | null {
  if (left_out.length === 0) return null;
  const of = attacks.length + left_out.length;
  return `As campaign.yaml has it, ${count(attacks.length)} of ${count(of)} attacks were carried out. Left out: ${left_out.map(({ title }) => clean(title)).join('; ')}.`;
}

/** What of the matrix no attack and no figure speaks on, and what no real product was held to. */
export function untestedRows(section: SecuritySection): string[] {
  const silent = section.matrix.filter((r) => r.attacks.length === 0 && r.figures.modelled.length === 0);
  const real = section.matrix.filter(
    (r) => r.measured.every((m) => applicable(m) === 0) && r.figures.measured.length === 0,
  );
  const names = (rows: typeof silent): string => list(rows.map((r) => clean(r.title).toLowerCase()));
  const restricted = restrictedText(section);
  return [
    ...(restricted === null ? [] : [restricted]),
    ...(silent.length > 0 ? [`Attacks on ${names(silent)}: none was carried out.`] : []),
    ...(real.length > 0
      ? [
          real.length === section.matrix.length
            ? 'Attacks on a real product: none, so every outcome is about our models.'
            : `Attacks on a real product, in ${plural(real.length, 'row')} of the capability matrix: ${names(real)}.`,
        ]
      : []),
  ];
}
