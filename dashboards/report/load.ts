/** What the arms carry: the load phase, step by step; and where it was not run, that it was not. */
import type { Analysis } from '#contract/analysis.ts';
import { boundText, type LoadArm, type LoadFigures, type ProbeFigures, probeGate } from '#contract/loadFigures.ts';
import { byArm, tierName } from '../reading/arms.ts';
import {
  count,
  estimateAndInterval,
  levelPercent,
  notEstimated,
  number,
  plural,
  type Reach,
} from '../reading/format.ts';
import { displayUnit, metricText, pressedName } from '../reading/pairs.ts';
import { type Html, html, type Part } from './html.ts';
import { bullets, fold, section, table } from './parts.ts';

const numeric = (label: string) => ({ label, numeric: true });
const small = (text: string): Html => html`<small>${text}</small>`;

const ms = (us: number): string => number(us / 1000, us < 10_000 ? 2 : us < 100_000 ? 1 : 0);
const quantile = (q: LoadArm['open'][number]['p99']): string =>
  q === null ? '–' : `${q.at_least ? '≥ ' : ''}${ms(q.us)}`;
const optional = (value: number | null, decimals: number): string => (value === null ? '–' : number(value, decimals));
const between = (ci: Reach | null, decimals: number): Part => {
  if (ci === null) return null;
  const [lo, hi] = ci;
  return small(hi === null ? `${number(lo, decimals)} or more` : `${number(lo, decimals)} to ${number(hi, decimals)}`);
};

function frontierCell({ rate_per_s, ci95, at_least }: LoadArm['frontier'][number]): Part {
  if (rate_per_s === null) return '–';
  if (rate_per_s === 0) return 'not at any step';
  return html`${at_least ? '≥ ' : ''}${count(rate_per_s)}${between(ci95, 0)}`;
}

type Point = NonNullable<LoadArm['knee']>['workers'];

function point({ value, ci95 }: Point, decimals: number): Part {
  const end = (x: number | null): string => (x === null ? 'beyond reach' : number(x, decimals));
  return html`${value === null ? 'none' : number(value, decimals)}${ci95 === null ? null : small(`${end(ci95[0])} to ${end(ci95[1])}`)}`;
}

function carried(analysis: Analysis, load: LoadFigures): Html {
  const cells = (a: LoadArm): Part[] => [
    a.arm,
    ...a.frontier.map(frontierCell),
    a.saturation === null ? '–' : html`${count(a.saturation.served_per_s)}${between(a.saturation.ci95, 0)}`,
    a.saturation === null ? '–' : count(a.saturation.workers),
    a.knee === null ? '–' : point(a.knee.workers, 1),
    a.knee === null ? '–' : point(a.knee.peak_workers, 1),
  ];
  return table({
    id: 'load-frontier-table',
    caption: `Throughput, calls per second: the highest offered rate whose p99 stays under a limit, as at every lower step; and the most that a closed loop served, under how many workers. The knee (workers at which waiting for one another bends the curve) and the peak are those of the universal scalability law fitted to the closed loop; “none”: the curve only flattens out. Median of ${plural(load.blocks, 'block')}; small: 95 % block-bootstrap intervals, those of rates from one that was carried to one that was too slow.`,
    columns: [
      { label: 'Arm' },
      ...load.limits_ms.map((limit) => numeric(`p99 under ${limit} ms`)),
      numeric('Most served'),
      numeric('… under workers'),
      numeric('Knee, workers'),
      numeric('Peak, workers'),
    ],
    rows: byArm(analysis, load.arms).map((a) => ({ cells: cells(a) })),
  });
}

const unserved = ({ denied, failed, timeout, lost, unsent }: LoadArm['open'][number]['outcomes']): Part => {
  const parts = Object.entries({ denied, failed, timeout, lost, unsent }).filter(([, n]) => n > 0);
  return parts.length === 0 ? 'none' : html`${parts.map(([name, n]) => html`<div>${count(n)} ${name}</div>`)}`;
};

function openSteps(analysis: Analysis, load: LoadFigures): Html {
  const rows = byArm(analysis, load.arms).flatMap((a) =>
    a.open.map((s) => ({
      cells: [
        a.arm,
        count(s.rate_per_s),
        count(s.calls),
        number(s.served_per_s, 1),
        quantile(s.p50),
        quantile(s.p95),
        quantile(s.p99),
        unserved(s.outcomes),
        html`${count(s.late)}${small(s.lag_p99_us === null ? '–' : `p99 ${ms(s.lag_p99_us)} ms`)}`,
        count(s.in_flight_peak),
        optional(s.cpu_us_per_call, 0),
        optional(s.run_queue_us_per_call, 0),
      ],
    })),
  );
  return table({
    id: 'load-open-table',
    caption: `Open loop: calls are due at drawn times, whatever is still under way (at most ${count(load.max_in_flight)}). Latency in ms, from the due time; “≥” where the quantile fell on a call that was not served. Late: started more than 1 ms after the due time, which is in the latency too.`,
    columns: [
      { label: 'Arm' },
      ...['Offered per s', 'Calls', 'Served per s', 'p50', 'p95', 'p99'].map(numeric),
      { label: 'Not served' },
      ...['Late', 'Most under way', 'CPU-µs per call', 'Waiting for a CPU, µs'].map(numeric),
    ],
    rows,
  });
}

function closedSteps(analysis: Analysis, load: LoadFigures): Html {
  const rows = byArm(analysis, load.arms).flatMap((a) =>
    a.closed.map((s) => ({
      cells: [
        a.arm,
        count(s.workers),
        count(s.calls),
        number(s.served_per_s, 1),
        quantile(s.p50),
        quantile(s.p99),
        unserved(s.outcomes),
        optional(s.cpu_us_per_call, 0),
        optional(s.run_queue_us_per_call, 0),
      ],
    })),
  );
  return table({
    id: 'load-closed-table',
    caption:
      'Closed loop: each worker sends its next call when the last one has ended. It tells how much goes through; its latencies say little about users who do not wait for one another.',
    columns: [
      { label: 'Arm' },
      ...['Workers', 'Calls', 'Served per s', 'p50, ms', 'p99, ms'].map(numeric),
      { label: 'Not served' },
      ...['CPU-µs per call', 'Waiting for a CPU, µs'].map(numeric),
    ],
    rows,
  });
}

function hosts(analysis: Analysis, load: LoadFigures): Html {
  const cells = (a: LoadArm): Part[] => [
    a.arm,
    html`${a.cpu_us_per_call.map((t) => html`<div>${tierName(t.tier)}: ${number(t.us, 0)} (${number(t.run_queue_us, 0)})</div>`)}`,
    optional(a.cpu_us_per_call.length === 0 ? null : a.cpu_us_per_call.reduce((sum, t) => sum + t.us, 0), 0),
    html`${a.peak_rss_mib.map((t) => html`<div>${tierName(t.tier)}: ${number(t.mib, 1)}</div>`)}`,
    number(
      a.peak_rss_mib.reduce((sum, t) => sum + t.mib, 0),
      1,
    ),
  ];
  return table({
    id: 'load-host-table',
    caption:
      'CPU time per served call under as many workers as served most, µs (in brackets: time spent waiting for a CPU; “–” where too many calls were not served), and the highest resident memory of the whole phase, MiB.',
    columns: [
      { label: 'Arm' },
      { label: 'CPU by tier' },
      numeric('CPU in all'),
      { label: 'Memory by tier' },
      numeric('Memory in all'),
    ],
    rows: byArm(analysis, load.arms).map((a) => ({ cells: cells(a) })),
  });
}

/** What claims and thresholds are judged by; folded, since the tables above have the same figures by arm. */
function judgedBy(analysis: Analysis, { metrics }: LoadFigures): Part {
  if (metrics.length === 0) return null;
  const rows = metrics.map((m, i) => {
    const unit = displayUnit(m.metric, m.unit);
    const [size, interval] = m.estimate === null ? [notEstimated, null] : estimateAndInterval(m.estimate, m.ci95, unit);
    return {
      id: `load-metrics-${i}`,
      cells: [
        html`<code>${m.metric}</code>${small(metricText(m.metric))}`,
        pressedName(m),
        `${boundText(m)}${size}`,
        html`${interval ?? 'none'}${interval === null ? null : small(levelPercent(m.level, 'nominal'))}`,
        count(m.blocks),
        count(m.n),
        m.missing ?? '',
      ],
    };
  });
  const body = table({
    id: 'load-metrics-table',
    caption:
      'Every figure that a claim or a threshold can name. Ratios are arm ÷ baseline: the pseudomedian over blocks, with the exact signed-rank interval from the least to the most that each block allows.',
    columns: [
      { label: 'Metric' },
      { label: 'Arms' },
      ...['Estimate', '95 % interval', 'Blocks', 'n'].map(numeric),
      { label: 'What limits it' },
    ],
    rows,
  });
  const cited = [...analysis.verdicts, ...analysis.thresholds].some((v) =>
    v.evidence.some((e) => e.pointer.startsWith('/load/metrics/')),
  );
  return fold('Every figure that claims and thresholds are judged by', body, cited);
}

/** In so many blocks requests got lost, so that the row says too much or too little. */
function incomplete({ gates }: Analysis, probe: ProbeFigures): Part {
  const failed = gates.filter((g) => !g.ok && g.name === probeGate(probe));
  return failed.length === 0
    ? null
    : small(`not whole: requests without a sample in ${plural(failed.length, 'block')}`);
}

/** autocannon against a tier alone: beside the arms' figures, and in none of them. */
function probed(analysis: Analysis, { probes }: LoadFigures): Part {
  if (probes.length === 0) return null;
  return table({
    id: 'load-probe-table',
    caption:
      'Probe: autocannon against one tier alone, one read-only request again and again on so many connections, with no agent and no pace. Its raw samples, our own quantiles, pooled over blocks; ms. Generator and tier share this machine’s cores. It says how much a tier gets through where nobody waits, nothing of what a call through an arm takes, and is in no other figure.',
    columns: [
      { label: 'Tier' },
      ...['Connections', 'Blocks', 'Samples', 'Served per s', 'p50', 'p95', 'p99'].map(numeric),
      { label: 'Not served' },
    ],
    rows: probes.map((p) => ({
      cells: [
        p.target === 'gateway' ? html`gateway of ${p.arm}` : 'tools',
        count(p.connections),
        count(p.blocks),
        html`${count(p.calls)}${incomplete(analysis, p)}`,
        number(p.served_per_s, 1),
        quantile(p.p50),
        quantile(p.p95),
        quantile(p.p99),
        unserved(p.outcomes),
      ],
    })),
  });
}

export function load(analysis: Analysis, figures: Part): Html {
  const { load: found } = analysis;
  const body =
    found === null
      ? html`<p>The load phase was not run in this campaign: nothing here tells how much an arm carries, or how it behaves when it is pressed. <code>weighbridge run --phases load</code> runs it alone.</p>${figures}`
      : html`${figures}${bullets(found.remarks)}${carried(analysis, found)}${openSteps(analysis, found)}${closedSteps(analysis, found)}${hosts(analysis, found)}${probed(analysis, found)}${judgedBy(analysis, found)}`;
  return section({ id: 'load', title: 'Under load', body });
}
