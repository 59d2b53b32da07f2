/** Latency: levels per arm, and where the added time goes. */
import type { Analysis, Waterfall } from '#contract/analysis.ts';
import { count, micros, microsInterval, signedMicros } from '../reading/format.ts';
import { cellText, pairName } from '../reading/pairs.ts';
import { armRows } from './anchors.ts';
import { type Html, html, type Part } from './html.ts';
import { section, table } from './parts.ts';
import { quantileCells, quantileMarks } from './quantiles.ts';
import { attempts, explained, tasks } from './where.ts';

const numeric = (label: string) => ({ label, numeric: true });

function levels(analysis: Analysis): Html {
  return table({
    id: 'latency-table',
    caption: `Latency felt by the agent, from due to outcome, and the hop as the spans tell it (attempt minus tool service), in µs. Pooled over blocks; below each, its 95 % block-bootstrap interval. ${quantileMarks}`,
    columns: [
      { label: 'Arm' },
      { label: 'Workload · condition' },
      numeric('Calls'),
      numeric('p50'),
      numeric('p95'),
      numeric('p99'),
      numeric('After idle, p50'),
      numeric('Hop p50'),
      numeric('Hop p95'),
      numeric('Hop p99'),
      numeric('Gateway itself, p95'),
    ],
    rows: armRows(analysis, 'latency').map((i) => {
      const a = analysis.arms[i]!;
      return {
        id: `arms-${i}-latency`,
        cells: [a.arm, cellText(a), count(a.calls), ...quantileCells(analysis, a)],
      };
    }),
  });
}

export function latency(analysis: Analysis, figures: Part): Html {
  return section({
    id: 'latency',
    title: 'Latency per arm',
    body: html`${figures}<h3 id="latency-table-h">In figures</h3>${levels(analysis)}`,
  });
}

function waterfallTable(analysis: Analysis): Html | null {
  const { waterfalls } = analysis;
  if (waterfalls.length === 0) return null;
  const parts = [...new Set(waterfalls.flatMap((w) => w.parts.map((p) => p.part)))];
  const cell = (w: Waterfall, part: string): Part => {
    const found = w.parts.find((p) => p.part === part);
    return found ? html`${micros(found.mean_us)}<small>${signedMicros(found.difference_us)}</small>` : '–';
  };
  return table({
    id: 'waterfall-table',
    caption:
      'Mean µs per call by part, and below it the difference to the baseline. The residual is the sum of the parts minus the mean.',
    columns: [
      { label: 'Arm' },
      { label: 'Workload · condition' },
      { label: 'Baseline' },
      ...parts.map(numeric),
      numeric('Mean'),
      numeric('Residual'),
    ],
    rows: waterfalls.map((w, i) => ({
      id: `waterfalls-${i}`,
      cells: [
        w.arm,
        cellText(w),
        w.baseline,
        ...parts.map((p) => cell(w, p)),
        html`${micros(w.mean_us)}<small>${signedMicros(w.difference_us)}</small>`,
        signedMicros(w.residual_us),
      ],
    })),
  });
}

function gapTable(analysis: Analysis): Html | null {
  if (analysis.span_gap.length === 0) return null;
  return table({
    id: 'span-gap',
    caption:
      'Added mean, felt by the agent and by spans (attempts minus what the tool reports for itself), µs. Accepting connections and queueing happen while an attempt waits, so both hold them. The gap is what neither the wire nor the gateway shows: token handling in the agent, and token checks at the tool.',
    columns: [
      { label: 'Pair' },
      { label: 'Workload · condition' },
      numeric('Felt'),
      numeric('By spans'),
      numeric('Gap'),
    ],
    rows: analysis.span_gap.map((g, i) => ({
      id: `span_gap-${i}`,
      cells: [pairName(g), cellText(g), signedMicros(g.felt_us), signedMicros(g.spans_us), signedMicros(g.gap_us)],
    })),
  });
}

function interactionTable(analysis: Analysis): Html | null {
  if (analysis.interactions.length === 0) return null;
  return table({
    id: 'interactions',
    caption:
      'Do the two prices add up when both are paid? (layered − gateway) − (native − direct), felt p95, µs. Around zero: they add up.',
    columns: [
      { label: 'Workload · condition' },
      numeric('Interaction'),
      numeric('95 % interval'),
      { label: 'Remark', wide: true },
    ],
    rows: analysis.interactions.map((x, i) => ({
      id: `interactions-${i}`,
      cells: [cellText(x), signedMicros(x.estimate_us), microsInterval(x.ci95), x.remark],
    })),
  });
}

export function whereItGoes(analysis: Analysis, figures: Part): Html {
  const body = html`${explained(analysis)}${figures}${waterfallTable(analysis)}${attempts(analysis)}${tasks(analysis)}${gapTable(analysis)}${interactionTable(analysis)}`;
  return section({ id: 'where', title: 'Where the added time goes', body });
}
