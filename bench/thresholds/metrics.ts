/** What a threshold can be about: the metrics of comparisons in `analysis.json`, and figures of one arm. */
import { loadMetrics } from '#contract/loadFigures.ts';
import type { FigureUnit } from '#contract/shapes.ts';

export interface ThresholdMetric {
  name: string;
  unit: FigureUnit;
  /** A difference between two arms, or their ratio; or a figure of one. */
  about: 'comparison' | 'arm';
  /** Phases in which it stands; in every one that was run it must hold. */
  phases: readonly string[];
  /** Events among a number of calls or lines, so that "all" and "none" can be counted. */
  counted: boolean;
}

const latency = ['latency'];

const shift = (name: string): ThresholdMetric => ({
  name,
  unit: 'us',
  about: 'comparison',
  phases: latency,
  counted: false,
});
const quantile = (name: string): ThresholdMetric => ({ ...shift(name), about: 'arm' });
const share = (name: string, phases: readonly string[]): ThresholdMetric => ({
  name,
  unit: 'ratio',
  about: 'arm',
  phases,
  counted: true,
});
const shareShift = (name: string, phases: readonly string[]): ThresholdMetric => ({
  ...share(name, phases),
  about: 'comparison',
  counted: false,
});

export const correlationMetric = 'correlation';

export const thresholdMetrics: readonly ThresholdMetric[] = [
  ...['felt_p50_shift', 'felt_p95_shift', 'felt_p99_shift', 'felt_mean_shift'].map(shift),
  ...['hop_p50_shift', 'hop_p95_shift', 'hop_mean_shift', 'cold_p50_shift', 'cpu_per_call_shift'].map(shift),
  ...['connected_mean_shift', 'task_mean_shift'].map(shift),
  shareShift('retry401_shift', ['lifecycle']),
  shareShift('error_rate_shift', ['latency', 'lifecycle']),
  ...['p50', 'p95', 'p99'].map(quantile),
  share('retry401', ['lifecycle']),
  share('error_rate', ['latency', 'lifecycle']),
  share(correlationMetric, ['correlation']),
  ...loadMetrics.map((m): ThresholdMetric => ({ ...m, phases: ['load'], counted: false })),
];

export const metricNamed = (name: string): ThresholdMetric | undefined => thresholdMetrics.find((m) => m.name === name);
