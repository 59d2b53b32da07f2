/** How far the instrument can be trusted: gates, warnings, the A/A pair, voided blocks. */
import type { Analysis, Gate } from '#contract/analysis.ts';
import {
  clean,
  count,
  estimateAndInterval,
  list,
  microsInterval,
  plural,
  quantity,
  signedMicros,
} from '../reading/format.ts';
import { gatesIn, readingsText, stateOfGate } from '../reading/gates.ts';
import { cellText, displayUnit, pairName } from '../reading/pairs.ts';
import { type Html, html } from './html.ts';
import { bullets, fold, section, table } from './parts.ts';

const value = (v: number | null, unit: string): string => (v === null ? 'unknown' : quantity(v, unit));

/** The reading that is nearest to failing, or the worst of those that failed. */
function worst(gates: readonly Gate[]): Gate {
  const failed = gatesIn(gates, 'failed');
  return [...(failed.length > 0 ? failed : gates)].sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity))[0]!;
}

/** `held (8 of 8)`, `failed in block 2`, `held (6 of 8); unknown (2 of 8)`. */
function resultOf(all: readonly Gate[]): string {
  const [held, failed, unknown] = [gatesIn(all, 'held'), gatesIn(all, 'failed'), gatesIn(all, 'unknown')];
  const share = (some: readonly Gate[]): string => `(${count(some.length)} of ${count(all.length)})`;
  const blocks = failed.map((g) => (g.block === null ? 'the campaign' : `block ${g.block}`));
  return [
    ...(failed.length > 0 ? [`failed in ${list(blocks)}`] : held.length > 0 ? [`held ${share(held)}`] : []),
    ...(unknown.length > 0 ? [`unknown ${share(unknown)}`] : []),
  ].join('; ');
}

function gateRows(analysis: Analysis) {
  const names = [...new Set(analysis.gates.map((g) => g.name))];
  return names.map((name) => {
    const all = analysis.gates.filter((g) => g.name === name);
    const at = worst(all);
    return {
      ...(all.every((g) => stateOfGate(g) === 'held') ? {} : { kind: 'warn' as const }),
      cells: [
        name,
        resultOf(all),
        value(at.value, at.unit),
        value(at.limit, at.unit),
        at.voids ? 'voids the block' : 'informs',
        at.note,
      ],
    };
  });
}

const heldWords = { held: 'yes', failed: 'no', unknown: 'unknown' } as const;

function waitedText(waited: Analysis['campaign']['waited']): string {
  const s = (ms: number): string => `${count(Math.round(ms / 1_000))} s`;
  const { before_blocks_ms, between_slices_ms, times_between_slices: times, disturbed_calls } = waited;
  const again =
    disturbed_calls === 0
      ? ''
      : ` ${plural(disturbed_calls, 'call')} of rounds in which they took it away stand in phase disturbed of the raw data, and in no figure of an arm: those rounds were measured again, on every arm alike.`;
  return `Until other machines left this one's CPU alone, its blocks waited ${s(before_blocks_ms)} before they were timed and ${s(between_slices_ms)} (${times} ${times === 1 ? 'time' : 'times'}) between their slices.${again}`;
}

function gateTable(analysis: Analysis): Html {
  if (analysis.gates.length === 0) return html`<p>No gate was read.</p>`;
  const { voided, kept } = analysis.campaign.blocks;
  const each = table({
    id: 'gates-each',
    caption: 'Every reading.',
    columns: [
      { label: 'Gate' },
      { label: 'Block' },
      { label: 'Read', numeric: true },
      { label: 'Limit', numeric: true },
      { label: 'Held' },
    ],
    rows: analysis.gates.map((g, i) => ({
      id: `gates-${i}`,
      ...(stateOfGate(g) === 'held' ? {} : { kind: 'warn' as const }),
      cells: [
        g.name,
        g.block === null ? 'all' : String(g.block),
        value(g.value, g.unit),
        value(g.limit, g.unit),
        heldWords[stateOfGate(g)],
      ],
    })),
  });
  return html`<p>${readingsText(analysis.gates)}. ${plural(voided, 'block')} voided, ${count(kept)} kept. Gates judge the instrument, never the outcome: a slow arm is no reason to void a block. ${waitedText(analysis.campaign.waited)}</p>
${table({
  id: 'gates',
  caption: 'Gates, each at its worst reading.',
  columns: [
    { label: 'Gate' },
    { label: 'Result' },
    { label: 'Worst', numeric: true },
    { label: 'Limit', numeric: true },
    { label: 'If it fails' },
    { label: 'What is read', wide: true },
  ],
  rows: gateRows(analysis),
})}${fold('Every reading of every gate', each)}`;
}

function warningList(analysis: Analysis): Html {
  if (analysis.warnings.length === 0) return html`<p>None.</p>`;
  return bullets(
    analysis.warnings.map(
      (w) =>
        html`<strong>${w.message}</strong> ${w.caps.length > 0 ? `It caps ${list(w.caps.map(clean))} at inconclusive. ` : 'It caps no verdict. '}${standing(w)}<br/>What to do: ${w.mend} <code>${w.code}</code>`,
    ),
  );
}

const standing = ({ stands }: Analysis['warnings'][number]): string =>
  stands ? `It cannot turn ${list(stands.claims.map(clean))}: ${stands.why}. ` : '';

function equals(analysis: Analysis): Html {
  if (analysis.aa.length === 0)
    return html`<p>No pair of equal arms was run, so nothing shows what this campaign can resolve.</p>`;
  const meaning =
    'Two arms that are the same were compared like any others. “Passes” means that their difference, interval and all, lies within ±h; anything else caps the verdicts that rest on a resolution of h.';
  return table({
    id: 'aa',
    caption: meaning,
    columns: [
      { label: 'Where' },
      { label: 'Metric' },
      { label: 'Difference, µs', numeric: true },
      { label: '90 % interval, µs', numeric: true },
      { label: '±h, µs', numeric: true },
      { label: 'Result' },
    ],
    rows: analysis.aa.map((a, i) => ({
      id: `aa-${i}`,
      ...(a.result === 'passes' ? {} : { kind: 'warn' as const }),
      cells: [
        cellText(a),
        html`<code>${a.metric}</code>`,
        signedMicros(a.estimate_us),
        microsInterval(a.ci90),
        signedMicros(a.h_us).replace('+', ''),
        a.result,
      ],
    })),
  });
}

function voidedIncluded(analysis: Analysis): Html | null {
  if (analysis.all_blocks.length === 0) return null;
  const shown = table({
    id: 'all-blocks',
    caption:
      'The key comparisons again over all blocks, voided ones included. Where these differ from the figures above, voiding mattered.',
    columns: [
      { label: 'Pair' },
      { label: 'Where' },
      { label: 'Metric' },
      { label: 'Estimate', numeric: true },
      { label: '95 % interval', numeric: true },
      { label: 'Blocks', numeric: true },
    ],
    rows: analysis.all_blocks.map((c, i) => ({
      id: `all_blocks-${i}`,
      cells: [
        pairName(c),
        cellText(c),
        html`<code>${c.metric}</code>`,
        ...estimateAndInterval(c.estimate, c.ci95, displayUnit(c.metric, c.unit)).map((t) => t ?? 'none'),
        count(c.blocks),
      ],
    })),
  });
  return fold('The same over all blocks, voided ones included', shown);
}

export function trust(analysis: Analysis): Html {
  const body = html`<h3 id="gates-h">Gates</h3>${gateTable(analysis)}<h3 id="warnings">Warnings</h3>${warningList(analysis)}
<h3 id="aa-h">What this campaign can resolve (A/A)</h3>${equals(analysis)}${voidedIncluded(analysis)}`;
  return section({ id: 'trust', title: 'How far to trust it', body });
}
