/**
 * What the verdicts can carry. A verdict bears weight only if it was decided, was not capped, has an interval, and
 * comes from a whole campaign that is more than a smoke run; everything that recommends asks here first.
 */
import type { Analysis, Verdict } from '#contract/analysis.ts';
import { latencyVerdict } from './claims.ts';
import { clean } from './format.ts';
import { isCounted, keyEvidence } from './pairs.ts';

/** Where a claim holds, in ms; null is an open end. */
export type RegionMs = readonly [number | null, number | null];

/**
 * A claim's region in ms, read from its margin: `5 ms to 15 ms`, `at most 1 ms`, `at least 2 ms`. Null where the margin
 * is about something else than time.
 */
export function regionMs(margin: string): RegionMs | null {
  const time = String.raw`(-?\d+(?:\.\d+)?)\s*ms`;
  const both = new RegExp(String.raw`^(-?\d+(?:\.\d+)?)\s*(?:ms)?\s*(?:to|–)\s*${time}$`).exec(margin.trim());
  if (both) return [Number(both[1]), Number(both[2])];
  const most = new RegExp(`^(?:at most|below|under|<|≤)\\s*${time}$`).exec(margin.trim());
  if (most) return [null, Number(most[1])];
  const least = new RegExp(`^(?:at least|above|over|>|≥)\\s*${time}$`).exec(margin.trim());
  return least ? [Number(least[1]), null] : null;
}

/** A margin as it reads in a sentence: `5 to 15 ms` for `5 ms to 15 ms`. */
export function marginText(margin: string): string {
  const region = regionMs(margin);
  return region && region[0] !== null && region[1] !== null ? `${region[0]} to ${region[1]} ms` : clean(margin);
}

/** How the campaign came to its end; the manifest has when and why it was stopped each time. */
export const course = ({ status, sittings }: Analysis['campaign']): string =>
  sittings === 1 ? status : `${status}, stopped and resumed ${sittings - 1} ${sittings === 2 ? 'time' : 'times'}`;

/** Why a verdict bears no weight; null where it does. */
export function weakness(analysis: Analysis, verdict: Verdict): string | null {
  if (analysis.campaign.status === 'aborted') return 'the campaign was stopped before its end';
  if (analysis.campaign.profile === 'smoke') return 'a smoke campaign only shows that everything runs';
  const cap = analysis.warnings.find((w) => w.caps.includes(verdict.claim));
  if (cap) return 'a warning about the data caps it';
  if (verdict.verdict === 'inconclusive') return 'the figures do not decide it';
  if (keyEvidence(analysis, verdict).some((e) => e.ci === null && !isCounted(e)))
    return 'a figure behind it has no interval';
  return null;
}

export type State = Verdict['verdict'] | 'not tested';

/** A claim's verdict as far as it bears weight: what is decided without bearing weight counts as inconclusive. */
export function stateOf(analysis: Analysis, claim: string): State {
  const verdict = analysis.verdicts.find((v) => v.claim === claim);
  if (!verdict) return 'not tested';
  return weakness(analysis, verdict) === null ? verdict.verdict : 'inconclusive';
}

/**
 * How the price in latency stands to its claim: `below` and `above` are the two ways of being refuted, `claimed` is
 * confirmed.
 */
export type Standing = 'below' | 'claimed' | 'above' | 'mixed' | 'open' | 'not tested';

/** The standing of the price in latency. A claim with an open end can be refuted in one direction only. */
export function latencyStanding(analysis: Analysis): Standing {
  const verdict = latencyVerdict(analysis);
  if (!verdict) return 'not tested';
  if (weakness(analysis, verdict) !== null) return 'open';
  if (verdict.verdict === 'confirmed') return 'claimed';
  if (verdict.verdict !== 'refuted') return 'mixed';
  const region = regionMs(verdict.margin);
  if (!region) return 'open';
  const sides = new Set(keyEvidence(analysis, verdict).map((e) => sideOf(e.estimate, region)));
  if (sides.size > 1) return 'mixed';
  return [...sides][0] ?? 'open';
}

function sideOf(estimate_us: number | null, [lo, hi]: RegionMs): Standing {
  if (estimate_us === null) return 'open';
  const ms = estimate_us / 1000;
  if (lo !== null && ms < lo) return 'below';
  return hi !== null && ms > hi ? 'above' : 'open';
}

/** Does the profile's name promise less than a standard campaign? */
export const isProvisional = (analysis: Analysis): boolean => ['smoke', 'quick'].includes(analysis.campaign.profile);
