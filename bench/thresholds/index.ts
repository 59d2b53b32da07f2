/** Thresholds of campaign.yaml: read, resolved, judged. Pure. */
export { thresholdError } from './exit.ts';
export { type Caps, judge, type Place } from './judge.ts';
export { correlationMetric, metricNamed, type ThresholdMetric, thresholdMetrics } from './metrics.ts';
export { isRefusal, parseQuantity, type Quantity, type Refusal } from './parse.ts';
export { has, type Names, resolveThreshold } from './resolve.ts';
export { quantityText, reachText } from './text.ts';
