/** What two arms have in common, as the plan tells it. */

/** By what a plan, a manifest or an analysis tells arms apart, beside their names; what it does not know, none of its arms has. */
const traits = [
  'agent',
  'controls',
  'gateway',
  'attached',
  'delay_ms',
  'telemetry',
  'audit',
  'settings',
  'without',
] as const;
type Trait = (typeof traits)[number];
type Arm = { readonly [T in Trait]?: unknown };

/** `controls on`, `gateway passthrough`, …: those that it has. */
export const traitsOf = (arm: Arm): string[] =>
  traits.flatMap((t) =>
    arm[t] === undefined || arm[t] === false ? [] : [arm[t] === true ? t : `${t} ${text(arm[t])}`],
  );

const text = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** A text that is the same for arms that differ in this trait alone, or not at all. */
export const kindButFor = (trait: Trait, arm: Arm): string =>
  JSON.stringify(traits.map((t) => (t === trait ? null : (arm[t] ?? null))));

/** Do the two differ in nothing but, perhaps, this? */
export const alikeButFor = (trait: Trait, arm: Arm, other: Arm): boolean =>
  kindButFor(trait, arm) === kindButFor(trait, other);
