/** Own quantiles of autocannon's raw samples, per tier that was probed and number of connections. Pure. */
import type { ProbeFigures } from '#contract/loadFigures.ts';
import type { LoadShape } from '#contract/manifest.ts';
import { defaultFigures, stepFigures } from '../load/figures.ts';
import { type LoadRow, servedOf } from './loadData.ts';

/** The tier stands in the condition: `instant/probe-gateway/http`. */
const targetOf = (condition: string): ProbeFigures['target'] => (condition.includes('gateway') ? 'gateway' : 'tools');

/** @param rows of one arm; all but probes are left aside */
export function probesOf(rows: readonly LoadRow[], { discard, probe }: LoadShape): ProbeFigures[] {
  const probes = rows.filter((row) => row.report.pace === 'probe');
  const byStep = Map.groupBy(probes, (row) => `${row.condition} ${row.workers}`);
  return [...byStep.values()]
    .sort(([a], [b]) => a!.step - b!.step)
    .map((of) => {
      const { arm, condition, workers } = of[0]!;
      const figures = stepFigures(
        of.map((row) => row.report),
        { ...defaultFigures, discard, ...(probe ? { closed_s: probe.duration_s } : {}) },
      );
      return { target: targetOf(condition), arm, connections: workers!, ...servedOf(figures, of.length) };
    });
}
