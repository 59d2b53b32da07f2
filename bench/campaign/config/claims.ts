/**
 * The claims that a campaign confirms, refutes or leaves open, with the region in which each holds. The regions stand
 * here before any run. Their ends count as inside, so a claim of "less" or "more" has a region that leaves zero out.
 */
import { loadMetrics } from '#contract/loadFigures.ts';
import type { SecurityMetric } from '#contract/security.ts';
import type { ClaimSpec } from './types.ts';

/** For claims about every arm and no difference: C8, and those that attacks decide. */
export const everyArm = 'every arm';

/** Attacks have outcomes and no region; the rule of each metric stands in the claim's margin, and as code in the analysis. */
const decidedByAttacks = (metric: SecurityMetric): Pick<ClaimSpec, 'compare' | 'metric' | 'region' | 'unit'> => ({
  compare: everyArm,
  metric,
  region: [null, null],
  unit: 'ratio',
});

const addedRegion: ClaimSpec['region'] = [5_000, 15_000];

export const builtinClaims: readonly ClaimSpec[] = [
  {
    claim: 'C1a',
    statement: 'A gateway with its controls on adds 5 to 15 ms to the median tool call.',
    compare: 'added',
    metric: 'felt_p50_shift',
    region: addedRegion,
    unit: 'us',
    margin: '5 ms to 15 ms',
  },
  {
    claim: 'C1b',
    statement: 'Agents that bypass the gateway and check in process show a p95 of tool calls that is 5 to 15 ms lower.',
    compare: 'decision',
    metric: 'felt_p95_shift',
    region: addedRegion,
    unit: 'us',
    margin: '5 ms to 15 ms',
  },
  {
    claim: 'C2',
    statement:
      'Where agents that bypass the gateway are not 5 ms faster, name lookup, connecting or TLS hides it: with these taken out on every leg, the gateway adds 5 ms or more to the mean tool call.',
    compare: 'decision',
    metric: 'connected_mean_shift',
    region: [5_000, null],
    unit: 'us',
    margin: '5 ms or more without name lookup, connecting and TLS',
  },
  {
    claim: 'C3',
    statement: 'The hardened runtime lowers the share of calls that meet a 401, against the runtime as it was before.',
    compare: 'fix',
    metric: 'retry401_shift',
    region: [null, -0.001],
    unit: 'ratio',
    margin: 'lower by 0.1 percentage points or more',
  },
  {
    claim: 'C4',
    statement:
      'Before the fix, overlapping refreshes of one session can hand out a token with more scope than was consented to, also across tenants that share a token cache; after it they do not.',
    ...decidedByAttacks('escalation'),
    margin:
      'before the fix the lower end of the exact 95 % interval lies above zero at some gap, and the attacks across sessions and tenants succeed; after it none is seen',
  },
  {
    claim: 'C5',
    statement:
      'A refusal in the agent ends the call, and the agent knows it; behind an intercepting gateway the agent may go on after a refusal, or take a call for done that was not.',
    ...decidedByAttacks('blocked_calls'),
    margin:
      'with controls in the agent it ends every such call itself; behind the gateway at least one goes on after a refusal, or is not known to the agent as refused',
  },
  {
    claim: 'C6',
    statement: 'Under expiring and revoked tokens the two paths burn the same error budget.',
    compare: 'decision',
    metric: 'error_rate_shift',
    region: [-0.01, 0.01],
    unit: 'ratio',
    margin: 'a difference of at most 1 percentage point either way',
  },
  {
    claim: 'C7',
    statement: 'Calls that a gateway drops by a policy which the agent does not know of fail without a word on why.',
    ...decidedByAttacks('silent_failure'),
    margin:
      'behind the gateway, in every such attack calls fail that the agent does not know as refused; refuted where it knows every one',
  },
  {
    claim: 'C8',
    statement:
      'A trace_id made at the agent joins at least 99 % of the log lines of every tier, and more than a join by timestamp.',
    compare: everyArm,
    metric: 'correlation_share',
    region: [0.99, null],
    unit: 'ratio',
    margin: '99 % or more, and above the join by timestamp',
  },
  {
    claim: 'C9',
    statement: 'A gateway costs more CPU per call on the host than the same controls in the agent.',
    compare: 'decision',
    metric: 'cpu_per_call_shift',
    region: [1, null],
    unit: 'us',
    margin: 'more by 1 µs or more',
  },
  {
    claim: 'C10',
    statement:
      'Logs on the agent’s host can be altered unnoticed, while the gateway’s central log shows what was done to it.',
    ...decidedByAttacks('log_evidence'),
    margin: 'without a gateway no alteration is noticed; behind the gateway every one is',
  },
];

/** Metrics in µs, on which claims of a user's own may stand. */
export const durationMetrics = [
  'felt_p50_shift',
  'felt_p95_shift',
  'felt_p99_shift',
  'felt_mean_shift',
  'hop_p50_shift',
  'hop_p95_shift',
  'hop_mean_shift',
  'connected_mean_shift',
  'task_mean_shift',
  'cold_p50_shift',
  'cpu_per_call_shift',
] as const;
/** Figures of the load phase: their margins are given by `at_least` and `at_most`, each with its unit. */
export const loadMetricNames: readonly string[] = loadMetrics.map((m) => m.name);

/** Shares, on which in this release only built-in claims stand. */
export const rateMetrics: readonly string[] = ['retry401_shift', 'error_rate_shift'];

/** A region given in milliseconds, as µs and in words. */
export function marginOf(
  given: { margin_ms: [number, number] } | { below_ms: number },
): Pick<ClaimSpec, 'region' | 'margin'> {
  if ('below_ms' in given) return { region: [null, micros(given.below_ms)], margin: `at most ${given.below_ms} ms` };
  const [lo, hi] = given.margin_ms;
  return { region: [micros(lo), micros(hi)], margin: `${lo} ms to ${hi} ms` };
}

/** Whole nanoseconds, as µs: 0.0049 ms is 4.9 µs and not 4.8999999. */
const micros = (ms: number): number => Math.round(ms * 1_000_000) / 1_000;
