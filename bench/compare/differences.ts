/** How two campaigns differ before any figure is looked at, and whether their figures can be compared at all. */
import type { Analysis } from '#contract/analysis.ts';
import { traitsOf } from '#contract/arms.ts';
import type { CampaignChanges, Difference } from '#contract/changes.ts';
import type { Manifest } from '#contract/manifest.ts';

type Read = readonly [what: string, weight: Difference['weight'], read: (m: Manifest) => string];

const sorted = (words: readonly string[]): string => [...new Set(words)].sort().join(', ') || 'none';

/** Everything that is held beside each other, in the order in which it is told. */
const things: readonly Read[] = [
  ['cpu', 'breaks', (m) => m.environment.cpu],
  ['cores', 'breaks', (m) => String(m.environment.cores)],
  ['virtualization', 'breaks', (m) => m.environment.virtualization],
  ['clock source', 'breaks', (m) => m.environment.clock_source],
  ['memory, MiB', 'care', (m) => String(m.environment.memory_mib)],
  ['kernel', 'care', (m) => m.environment.kernel],
  ['operating system', 'care', (m) => m.environment.os],
  ['governor', 'care', (m) => m.environment.governor],
  ['node', 'subject', (m) => `${m.runtime.node} (${m.runtime.binary_sha256.slice(0, 12)})`],
  ['weighbridge', 'subject', (m) => m.weighbridge.version],
  ['commit', 'subject', (m) => m.weighbridge.commit],
  ['uncommitted changes', 'care', (m) => (m.weighbridge.dirty ? 'yes' : 'no')],
  ['lockfile', 'subject', (m) => m.weighbridge.lockfile_sha256.slice(0, 12)],
  ['profile', 'nothing', (m) => m.profile],
  ['blocks', 'nothing', (m) => String(m.plan.blocks)],
  ['rounds a block', 'nothing', (m) => String(m.plan.rounds)],
  ['calls a slice', 'care', (m) => String(m.plan.slice_calls)],
  ['lead-in calls', 'care', (m) => String(m.plan.lead_in)],
  ['pause before a slice, ms', 'care', (m) => String(m.plan.pause_ms)],
  ['seed', 'care', (m) => m.seed],
  ['workloads', 'nothing', (m) => sorted(m.plan.workloads)],
  ['conditions', 'nothing', (m) => sorted(m.plan.conditions)],
  ['phases', 'nothing', (m) => sorted(m.plan.phases)],
  ['load: offered rates, calls per second', 'care', (m) => m.plan.load?.rates_per_s.join(', ') ?? 'none'],
  ['load: workers', 'care', (m) => m.plan.load?.workers.join(', ') ?? 'none'],
  ['load: calls under way at most', 'care', (m) => String(m.plan.load?.max_in_flight ?? 'none')],
  // Other arms in between change what each arm finds when its turn comes.
  ['arms', 'care', (m) => sorted(m.arms.map((a) => a.arm))],
  ['status', 'care', (m) => m.status],
];

export function differencesOf(a: Manifest, b: Manifest): Difference[] {
  const told = things.map(([what, weight, read]) => ({ what, weight, a: read(a), b: read(b) }));
  return [...told.filter((d) => d.a !== d.b), ...armDifferences(a, b)];
}

type Arm = Manifest['arms'][number];

/** `nginx@1.22` without its version: another version is what one may want to compare, another product is another arm. */
const product = (system: string): string => system.replace(/@[^\s+]+/g, '');

/** Is an arm of the same name the same kind of thing in both? */
export const isSameArm = (a: Arm, b: Arm): boolean =>
  a.controls === b.controls &&
  a.gateway === b.gateway &&
  a.attached === b.attached &&
  a.subject.placement === b.subject.placement &&
  a.subject.protocol === b.subject.protocol &&
  product(a.subject.system) === product(b.subject.system);

const armText = (arm: Arm): string => {
  const { system, placement, protocol } = arm.subject;
  return [...traitsOf(arm), system, placement, protocol].join(', ');
};

function armDifferences(a: Manifest, b: Manifest): Difference[] {
  return a.arms.flatMap((arm) => {
    const other = b.arms.find((o) => o.arm === arm.arm);
    if (!other || armText(arm) === armText(other)) return [];
    const weight = isSameArm(arm, other) ? 'subject' : 'breaks';
    return [{ what: `arm ${arm.arm}`, weight, a: armText(arm), b: armText(other) } satisfies Difference];
  });
}

const named = (differences: readonly Difference[]): string => differences.map((d) => d.what).join(', ');

/** An arm that is another thing is told at its own comparisons, and does not stop the others. */
const isOfArm = (d: Difference): boolean => d.what.startsWith('arm ');

export function standingOf(
  differences: readonly Difference[],
  common: number,
  warnings: readonly Analysis['warnings'][],
): Pick<CampaignChanges, 'standing' | 'why'> {
  const of = (weight: Difference['weight']) => differences.filter((d) => d.weight === weight);
  const breaking = of('breaks').filter((d) => !isOfArm(d));
  if (common === 0) return { standing: 'not_meaningful', why: 'The two campaigns have no comparison in common.' };
  const unfit = unfitOf(warnings);
  if (unfit.length > 0)
    return { standing: 'not_meaningful', why: `One of the campaigns decides nothing by itself (${unfit.join(', ')}).` };
  if (breaking.length > 0)
    return {
      standing: 'not_meaningful',
      why: `The machines differ (${named(breaking)}): a change may be theirs, and nothing is decided.`,
    };
  const subjects = of('subject');
  const care = of('care');
  const what = subjects.length === 0 ? 'Nothing that is under test differs' : `Under test: ${named(subjects)}`;
  if (care.length > 0)
    return { standing: 'with_care', why: `${what}. Beside it differ ${named(care)}, which can move figures too.` };
  return {
    standing: 'meaningful',
    why:
      subjects.length === 0
        ? `${what}: a change is chance, or the machine at another time.`
        : `${what}. Nothing else that moves figures differs but the hour: campaigns in turns would tell the two apart.`,
  };
}

/** Warnings under which a campaign decides nothing. */
const unfitting = ['aborted', 'every_block_void', 'parity'];

const unfitOf = (warnings: readonly Analysis['warnings'][]): string[] =>
  [...new Set(warnings.flatMap((of) => of.map((w) => w.code).filter((code) => unfitting.includes(code))))].map((code) =>
    code.replaceAll('_', ' '),
  );
