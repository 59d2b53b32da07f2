/** Thresholds of campaign.yaml: read, resolved, judged. Pure. */
export { thresholdError } from './exit.ts';
export { type Caps, judge, type Place } from './judge.ts';
export { correlationMetric, metricNamed, type ThresholdMetric, thresholdMetrics } from './metrics.ts';
export { isRefusal, type Refusal } from './parse.ts';
export { type Names, resolveThreshold } from './resolve.ts';
