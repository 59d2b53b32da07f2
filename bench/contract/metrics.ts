/** What the names of shifts tell of them. */

/** A time that is added to a call or a task: where it is judged, a pair of equal arms has to show what could be told from none. */
export const isTime = (metric: string): boolean => /^(felt|hop|connected|task|cold)_/.test(metric);

/** By which of its own shifts that pair shows it, for a time. */
export const equalsMetric = (metric: string): 'felt_p50_shift' | 'felt_p95_shift' =>
  metric.includes('p50') ? 'felt_p50_shift' : 'felt_p95_shift';
