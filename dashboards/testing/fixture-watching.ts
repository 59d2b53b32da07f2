/** The hand-made analysis with arms that are watched in different ways. */
import type { Analysis, Comparison } from '#contract/analysis.ts';
import { fixture } from './fixture.ts';

/** µs that a way of watching adds to a call, by gateway; p95 and CPU are told apart by their factors. */
const added = {
  untraced: { none: 0, passthrough: 0 },
  light: { none: 4, passthrough: 9 },
  full: { none: 60, passthrough: 130 },
};
const factors: Record<string, number> = { felt_p50_shift: 1, felt_p95_shift: 2, cpu_per_call_shift: 1.2 };
const hop = 370;

const names = {
  untraced: { none: 'direct-untraced', passthrough: 'passthrough-untraced' },
  light: { none: 'direct', passthrough: 'passthrough' },
  full: { none: 'direct-full-sdk', passthrough: 'passthrough-full-sdk' },
} as const;
type Way = keyof typeof names;

/** `watching` and `hop` under each way; the light hop is the fixture's own. */
export function watchedFixture(): Analysis {
  const analysis = fixture();
  for (const [way, telemetry] of [
    ['untraced', 'off'],
    ['full', 'full'],
  ] as const) {
    for (const gateway of ['none', 'passthrough'] as const) {
      const like = analysis.campaign.arms.find((a) => a.arm === names.light[gateway])!;
      analysis.campaign.arms.push({ ...like, arm: names[way][gateway], telemetry });
    }
  }
  const models = analysis.comparisons.filter(
    (c) => c.arm === 'passthrough' && c.baseline === 'direct' && c.metric in factors,
  );
  const like = (model: Comparison, arm: string, baseline: string, us: number): Comparison => {
    const estimate = us * factors[model.metric]!;
    return {
      ...model,
      arm,
      baseline,
      estimate,
      ci95: [estimate - 3, estimate + 3],
      ci90: [estimate - 2, estimate + 2],
    };
  };
  const made = (way: Way): Comparison[] =>
    models.flatMap((m) => [
      ...(way === 'untraced'
        ? []
        : (['none', 'passthrough'] as const).map((g) => like(m, names[way][g], names.untraced[g], added[way][g]))),
      ...(way === 'light'
        ? []
        : [like(m, names[way].passthrough, names[way].none, hop + added[way].passthrough - added[way].none)]),
    ]);
  analysis.comparisons.push(...made('light'), ...made('untraced'), ...made('full'));
  return analysis;
}
