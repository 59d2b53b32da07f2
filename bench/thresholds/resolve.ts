/** From the words of a threshold to what it is about: which comparison or arm, in which workloads and conditions. */
import type { Threshold } from '#contract/manifest.ts';
import { correlationMetric, type ThresholdMetric } from './metrics.ts';
import { isRefusal, type Key, listed, parseKey, parseRequirement, type Refusal } from './parse.ts';

export interface Pair {
  name: string;
  arm: string;
  baseline: string;
}

/** `telemetry`: watched otherwise than the rest, which leaves it no timed phase but latency. */
interface Arm {
  arm: string;
  lifecycle_only: boolean;
  telemetry?: string;
}

/** What a campaign has that a threshold can name. */
export interface Names {
  arms: readonly Arm[];
  comparisons: readonly Pair[];
  workloads: readonly string[];
  conditions: readonly string[];
  /** Where the lifecycle phase is run, whatever the workloads and conditions of the campaign are. */
  lifecycle: { workload: string; condition: string };
}

/** A threshold as `key: 'value'` of campaign.yaml, with its names resolved; or why it is none. */
export function resolveThreshold(key: string, value: string, names: Names): Threshold | Refusal {
  const parsed = parseKey(key);
  if (isRefusal(parsed)) return parsed;
  const requirement = parseRequirement(value, parsed.metric);
  if (isRefusal(requirement)) return requirement;
  const about = parsed.metric.about === 'arm' ? armOf(parsed, names) : pairOf(parsed, names);
  if (isRefusal(about)) return about;
  const place = placeOf(parsed, names);
  if (isRefusal(place)) return place;
  return { threshold: key, metric: parsed.metric.name, ...about, ...place, ...requirement };
}

type About = Pick<Threshold, 'arm' | 'baseline' | 'compare'>;

const isTimed = ({ phases }: ThresholdMetric): boolean => !phases.includes('lifecycle');

/** Is the arm there where the metric is measured? Arms that run in the lifecycle phase alone are not timed. */
export const has = ({ lifecycle_only, telemetry }: Arm, metric: ThresholdMetric): boolean =>
  lifecycle_only ? !isTimed(metric) : telemetry === undefined || metric.phases.includes('latency');

/** A figure of an arm. */
function armOf({ prefix, metric }: Key, { arms }: Names): About | Refusal {
  if (prefix === null) return { arm: null, baseline: null, compare: null };
  const fit = arms.filter((a) => has(a, metric)).map((a) => a.arm);
  if (fit.includes(prefix)) return { arm: prefix, baseline: null, compare: null };
  const what = arms.some((a) => a.arm === prefix) ? `an arm that is in the ${metric.phases[0]} phase` : 'an arm';
  return { part: 'key', found: prefix, expected: `${what}: ${listed(fit)}`, candidates: fit };
}

/**
 * A difference: of the comparison that is named; or of the one that has the named arm on its arm side. Where there are
 * several, the decision is meant, if one of them is it. What is left is refused with the choices: a threshold must not
 * stand on a baseline that nobody chose.
 */
function pairOf({ prefix, metric }: Key, { arms, comparisons }: Names): About | Refusal {
  const without = new Set(arms.filter((a) => !has(a, metric)).map((a) => a.arm));
  const possible = comparisons.filter((c) => !without.has(c.arm) && !without.has(c.baseline));
  const isArm = arms.some((a) => a.arm === prefix);
  const named = possible.find((c) => c.name === prefix);
  if (named && (!isArm || named.arm === prefix)) return aboutOf(named);
  const fit = prefix === null ? possible : possible.filter((c) => c.arm === prefix);
  const decision = prefix !== null && fit.find((c) => c.name === 'decision' || c.name === `decision_${prefix}`);
  if (decision) return aboutOf(decision);
  if (fit.length === 1 && !named) return aboutOf(fit[0]!);
  if (prefix !== null && fit.length === 0 && !named) {
    const words = [...new Set(possible.flatMap((c) => [c.arm, c.name]))];
    const choices = listed(possible.map(choiceOf));
    return { part: 'key', found: prefix, expected: `a comparison, or the arm of one: ${choices}`, candidates: words };
  }
  const choices = [...new Set([...(named ? [named] : []), ...fit])].map(
    (c) => `${c.name}.${metric.name} (${c.arm} − ${c.baseline})`,
  );
  const found = prefix === null ? metric.name : `${prefix}.${metric.name}`;
  return { part: 'key', found, expected: `one comparison: ${listed(choices)}` };
}

const choiceOf = (c: Pair): string => `${c.name} (${c.arm} − ${c.baseline})`;
const aboutOf = ({ name, arm, baseline }: Pair): About => ({ arm, baseline, compare: name });

/** `@tool-chain`, `@instant/c1/http` or `@tool-chain/instant/c1/http`. */
function placeOf({ metric, place }: Key, names: Names): Pick<Threshold, 'workload' | 'condition'> | Refusal {
  if (place === null) return { workload: null, condition: null };
  if (metric.name === correlationMetric)
    return {
      part: 'key',
      found: `@${place}`,
      expected: `${metric.name} alone: it is counted over all that an arm logged`,
    };
  if (metric.phases.includes('load'))
    return {
      part: 'key',
      found: `@${place}`,
      expected: `${metric.name} alone: the load phase has one workload, and tools that answer at once`,
    };
  const latency = names.workloads.flatMap((workload) => names.conditions.map((condition) => ({ workload, condition })));
  const places = metric.phases.flatMap((phase) => (phase === 'lifecycle' ? [names.lifecycle] : latency));
  const workloads = [...new Set(places.map((p) => p.workload))];
  const conditions = [...new Set(places.map((p) => p.condition))];
  const workload = workloads.find((w) => place === w || place.startsWith(`${w}/`)) ?? null;
  const rest = workload === null ? place : place.slice(workload.length + 1);
  const condition = rest === '' ? null : rest;
  const isThere = places.some(
    (p) => (workload === null || p.workload === workload) && (condition === null || p.condition === condition),
  );
  if (isThere) return { workload, condition };
  const words = [...workloads, ...conditions];
  return {
    part: 'key',
    found: `@${place}`,
    expected: `@ and where ${metric.name} is measured: ${listed(words)}, or workload/condition`,
    candidates: words.map((w) => `@${w}`),
  };
}
