/** Does the instrument report what is true? Known delays against what was reported; where it was not shown, that it was not. */
import type { Analysis } from '#contract/analysis.ts';
import type { HeldCalibration, ObserverEffect } from '#contract/calibration.ts';
import {
  calibrationFinding,
  calibrationOrigin,
  incrementName,
  limitText,
  quantileName,
} from '../reading/calibration.ts';
import { count, levelPercent, micros, microsInterval, plural, signedMicros } from '../reading/format.ts';
import { cellText, pairName } from '../reading/pairs.ts';
import { type Html, html } from './html.ts';
import { chip, section, table } from './parts.ts';

const numeric = (label: string) => ({ label, numeric: true });

function reportedAgainstTrue({ increments }: HeldCalibration): Html {
  const level = (at: number | null, nominal: string): string => levelPercent(at, nominal);
  return table({
    id: 'calibration-increments',
    caption:
      'Reported against true, µs. True is the injected difference: the same quantile of what the gateways measured while they waited, of one less that of the other; reported is the felt shift, as in any comparison. The error is estimated from each block’s own; its 90 % interval is judged. Small: 95 % interval of what was reported, attained levels, limits.',
    columns: [
      { label: 'Increment' },
      { label: 'At' },
      numeric('True'),
      numeric('Reported'),
      numeric('Error'),
      numeric('90 % interval'),
      numeric('95 % interval'),
      { label: 'Result' },
      { label: 'What it is', wide: true },
    ],
    rows: increments.map((i) => ({
      ...(i.result === 'wrong' ? { kind: 'warn' as const } : {}),
      cells: [
        incrementName(i),
        quantileName(i.metric),
        micros(i.true_us),
        html`${micros(i.reported_us)}<small>${microsInterval(i.reported_ci95)}</small>`,
        signedMicros(i.error_us),
        html`${microsInterval(i.error_ci90)}${i.level90 === null ? null : html`<small>${level(i.level90, '90 %')}</small>`}`,
        html`${microsInterval(i.error_ci95)}${i.level95 === null ? null : html`<small>${level(i.level95, '95 %')}</small>`}`,
        html`${i.result ?? 'not judged'}${i.limit_us === null ? null : html`<small>${limitText(i)}</small>`}`,
        html`${i.note} <small>${pairName(i)}; ${cellText(i)}; ${plural(i.blocks, 'block')}</small>`,
      ],
    })),
  });
}

function knownMargins({ margins }: HeldCalibration): Html | null {
  if (margins.length === 0) return null;
  return table({
    id: 'calibration-margins',
    caption:
      'Known margins through the code that judges claims: each delay is put to a rule, and the truth says what the verdict must be. Undecided: inconclusive, which is no wrong answer. Truth unknown: decided, where the truth was not measured in every place or lies on both sides of the margin’s edge.',
    columns: [
      { label: 'Claim' },
      { label: 'Pair' },
      { label: 'At' },
      numeric('True, µs'),
      { label: 'Margin' },
      { label: 'Expected' },
      { label: 'Verdict' },
      { label: 'Result' },
      { label: 'Why', wide: true },
    ],
    rows: margins.map((m) => ({
      ...(m.result === 'wrong' ? { kind: 'warn' as const } : {}),
      cells: [
        m.claim,
        pairName(m),
        quantileName(m.metric),
        micros(m.true_us),
        m.margin,
        m.expected ?? 'nothing',
        chip(m.verdict),
        m.result,
        html`${m.why}${m.doubts.map((d) => html` <small>${d}</small>`)}`,
      ],
    })),
  });
}

function resolvable({ resolvable: all, campaign }: HeldCalibration): Html | null {
  const [first] = all;
  if (!first) return null;
  const size = `${count(campaign.rounds)} rounds of ${count(campaign.kept_calls)} calls`;
  const others =
    first.profiles.length > 0
      ? `Extrapolated from how far its blocks lie apart, and only to profiles whose blocks are as long (${size}).`
      : `No profile that gives intervals has blocks as long (${size}), so nothing is extrapolated.`;
  return table({
    id: 'calibration-resolvable',
    caption: `The smallest difference that this machine can resolve: the half-width of the 95 % interval between two arms that are the same, µs. ${others}`,
    columns: [
      { label: 'Pair of equals' },
      { label: 'At' },
      numeric('Blocks lie apart (sd)'),
      numeric(`Observed, ${plural(first.blocks, 'block')}`),
      ...first.profiles.map((p) => numeric(`${p.profile}, ${plural(p.blocks, 'block')} (extrapolated)`)),
    ],
    rows: all.map((r) => ({
      cells: [
        html`${pairName(r)} <small>${cellText(r)}</small>`,
        quantileName(r.metric),
        micros(r.sd_us),
        micros(r.observed_us),
        ...r.profiles.map((p) => micros(p.half_width_us)),
      ],
    })),
  });
}

const watched: Record<string, string> = { off: 'not watched', light: 'as in every campaign', full: 'by the full SDK' };
const watching = ({ arm_telemetry, baseline_telemetry }: ObserverEffect): string =>
  `${watched[arm_telemetry] ?? arm_telemetry}, against ${watched[baseline_telemetry] ?? baseline_telemetry}`;

/** A calibration's own page has a section on it, with more figures. */
function observerEffect({ observer, own }: HeldCalibration): Html | null {
  if (observer.length === 0) return null;
  if (own) return html`<p>The observer effect: <a href="#watching">what watching costs</a>.</p>`;
  return table({
    id: 'calibration-observer',
    caption:
      'The observer effect: the same calls, with agent and gateway watched in one way and in another. What watching adds to a call, µs.',
    columns: [
      { label: 'Watched' },
      { label: 'At' },
      numeric('Felt shift'),
      numeric('90 % interval'),
      numeric('95 % interval'),
      numeric('Blocks'),
      { label: 'Pair' },
    ],
    rows: observer.map((o) => ({
      cells: [
        watching(o),
        quantileName(o.metric),
        signedMicros(o.estimate_us),
        microsInterval(o.ci90),
        microsInterval(o.ci95),
        count(o.blocks),
        html`${pairName(o)} <small>${cellText(o)}</small>`,
      ],
    })),
  });
}

export function calibration(analysis: Analysis, charts: readonly Html[]): Html {
  const held = analysis.calibration;
  const origin = html`<p>${calibrationOrigin(analysis)}${held ? null : ' `weighbridge calibrate` makes one; `weighbridge report DIR --calibration CALIBRATION` has a campaign carry it.'}</p>`;
  const body = held
    ? html`<p><strong>${calibrationFinding(held)}</strong></p>${origin}${charts}${reportedAgainstTrue(held)}${knownMargins(held)}${resolvable(held)}${observerEffect(held)}`
    : html`${origin}${charts}`;
  return section({ id: 'calibration', title: 'Calibration', body });
}
