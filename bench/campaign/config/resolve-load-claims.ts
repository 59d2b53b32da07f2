/** A user's claim on a figure of the load phase: of one arm, or of an arm ÷ its baseline. */
import { compareOfArm } from '#contract/loadClaims.ts';
import { has, isRefusal, metricNamed, parseQuantity, type Quantity } from '../../thresholds/index.ts';
import { comparisonOf, type Given } from './claim-pair.ts';
import { describeValue, type Finding, listText, type Path, type Report, suggestion } from './problems.ts';
import type { ClaimFile } from './schema.ts';
import type { ClaimSpec } from './types.ts';

type Metric = NonNullable<ReturnType<typeof metricNamed>>;

/** @param claim its metric is one of the load phase */
export function loadClaim(name: string, claim: ClaimFile, path: Path, given: Given): ClaimSpec[] {
  const { report } = given;
  const metric = metricNamed(claim.metric!)!;
  for (const key of ['margin_ms', 'below_ms'] as const) {
    if (claim[key] === undefined) continue;
    report({
      path: [...path, key],
      found: 'a margin in ms',
      expected: `at_least or at_most for ${metric.name}`,
      of: 'key',
    });
  }
  const pressed = { ...given, fit: given.arms.filter((a) => has(a, metric)).map((a) => a.arm) };
  const about = metric.about === 'arm' ? armOf(claim, path, pressed) : pairOf(claim, path, pressed);
  const margin = marginIn(claim, metric, path, report);
  if (!about || !margin) return [];
  const statement = `Under load, ${metric.name} of ${about.words} is ${margin.margin}.`;
  return [{ claim: name, statement, compare: about.compare, metric: metric.name, unit: metric.unit, ...margin }];
}

interface About {
  compare: string;
  words: string;
}

interface Pressed extends Given {
  /** Arms that are in the load phase. */
  fit: string[];
}

function armOf({ arm, compare, baseline, metric }: ClaimFile, path: Path, { fit, report }: Pressed): About | undefined {
  const expected = `an arm alone, since ${metric} is a figure of one; ${metric}_ratio compares two`;
  if (compare !== undefined || baseline !== undefined) {
    const key = compare !== undefined ? 'compare' : 'baseline';
    report({ path: [...path, key], found: key, expected, of: 'key' });
    return undefined;
  }
  if (arm === undefined) {
    report({ path, found: 'no arm', expected, of: 'key' });
    return undefined;
  }
  if (fit.includes(arm)) return { compare: compareOfArm(arm), words: arm };
  report({ path: [...path, 'arm'], found: describeValue(arm), expected: listText(fit), ...suggestion(arm, fit) });
  return undefined;
}

function pairOf(claim: ClaimFile, path: Path, given: Pressed): About | undefined {
  const { compare, arm, baseline } = claim;
  if (compare === undefined && arm === undefined && baseline === undefined) {
    const expected = 'a claim with compare, or with arm and baseline';
    given.report({ path, found: 'neither arms nor a comparison', expected, of: 'key' });
    return undefined;
  }
  const name = comparisonOf(claim, path, given);
  const pair = given.comparisons.find((c) => c.name === name);
  const absent = pair && [pair.arm, pair.baseline].find((side) => !given.fit.includes(side));
  if (absent !== undefined) {
    const expected = `arms that are in the load phase: ${listText(given.fit)}`;
    given.report({ path, found: describeValue(absent), expected, of: 'key' });
    return undefined;
  }
  return pair && { compare: pair.name, words: `${pair.arm} ÷ ${pair.baseline}` };
}

type Margin = Pick<ClaimSpec, 'region' | 'margin'>;

function marginIn({ at_least, at_most }: ClaimFile, metric: Metric, path: Path, report: Report): Margin | undefined {
  const lacks: Finding = { path, found: 'no margin', expected: 'at_least or at_most', of: 'key' };
  if (at_least === undefined && at_most === undefined) {
    report(lacks);
    return undefined;
  }
  const least = quantityIn('at_least', at_least, metric, path, report);
  const most = quantityIn('at_most', at_most, metric, path, report);
  if (least === null || most === null) return undefined;
  if (least && most && least.amount > most.amount) {
    report({ path: [...path, 'at_most'], found: most.text, expected: `no less than at_least, ${least.text}` });
    return undefined;
  }
  const words = [least && `at least ${least.text}`, most && `at most ${most.text}`].filter((t) => t !== undefined);
  return { region: [least?.amount ?? null, most?.amount ?? null], margin: words.join(' and ') };
}

/** Undefined where it is not given, null where it is none. */
function quantityIn(
  key: 'at_least' | 'at_most',
  value: string | undefined,
  metric: Metric,
  path: Path,
  report: Report,
): Quantity | null | undefined {
  if (value === undefined) return undefined;
  const found = parseQuantity(value, metric);
  if (!isRefusal(found)) return found;
  report({ path: [...path, key], found: describeValue(found.found), expected: found.expected });
  return null;
}
