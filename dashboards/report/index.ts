/** The report: one file that opens offline, from the answer down to every figure behind it. No script, nothing loaded. */
import type { Analysis } from '#contract/analysis.ts';
import { charts as allCharts, type RenderedChart } from '../charts/index.ts';
import { environment, glossary, untested, verifying } from './about.ts';
import { calibration } from './calibration.ts';
import { allComparisons } from './comparisons.ts';
import { type Html, html, trusted } from './html.ts';
import { latency, whereItGoes } from './latency.ts';
import { load } from './load.ts';
import { budget, host, logs, tokens } from './operations.ts';
import { figure } from './parts.ts';
import { security } from './security.ts';
import { style } from './style.ts';
import { thresholds } from './thresholds.ts';
import { trust } from './trust.ts';
import { header, supports, verdicts } from './verdicts.ts';
import { hasWatching, watching } from './watching.ts';

const contents: [string, string][] = [
  ['answer', 'The answer'],
  ['verdicts', 'Verdicts'],
  ['thresholds', 'Thresholds'],
  ['supports', 'What this supports'],
  ['trust', 'How far to trust it'],
  ['calibration', 'Calibration'],
  ['watching', 'What watching costs'],
  ['security', 'Security outcomes'],
  ['latency', 'Latency per arm'],
  ['where', 'Where the added time goes'],
  ['load', 'Under load'],
  ['tokens', '401s and retries'],
  ['logs', 'Logs'],
  ['budget', 'Error budget'],
  ['host', 'CPU and memory'],
  ['comparisons', 'All comparisons'],
  ['not-tested', 'What was not tested'],
  ['environment', 'Subjects, environment'],
  ['verify', 'Verify and quote'],
  ['glossary', 'Words'],
];

/** Sections that only some campaigns have are named where they are. */
const isThere = (analysis: Analysis, id: string): boolean => {
  if (id === 'thresholds') return analysis.thresholds.length > 0;
  return id !== 'watching' || hasWatching(analysis);
};

const navigation = (analysis: Analysis): Html =>
  html`<nav class="contents" aria-labelledby="contents-h"><h2 id="contents-h">Contents</h2><ol>${contents.filter(([id]) => isThere(analysis, id)).map(([id, label]) => html`<li><a href="#${id}">${label}</a></li>`)}</ol></nav>`;

/** A policy that lets nothing load or run, should an escape ever fail. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The page, as well-formed XML too. Charts that are not among the rendered ones are named with the reason. */
export function reportHtml(analysis: Analysis, rendered: readonly RenderedChart[]): string {
  const draw = (...names: string[]) =>
    names.map((name) =>
      figure(
        allCharts.find((c) => c.name === name)!,
        rendered.find((r) => r.name === name)?.svg,
        name !== 'comparisons',
      ),
    );
  const page = html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}"/><meta name="color-scheme" content="light dark"/>
<title>${analysis.campaign.question} – Weighbridge ${analysis.campaign.id}</title><style>${trusted(style)}</style></head>
<body><a class="skip" href="#main">To the report</a><main id="main" class="page">
${header(analysis)}${navigation(analysis)}${draw('comparisons')}
${verdicts(analysis)}${thresholds(analysis)}${supports(analysis)}${trust(analysis)}
${calibration(analysis, draw('calibration'))}${watching(analysis)}
${security(analysis, draw('escalation'))}
${latency(analysis, draw('latency-quantiles', 'latency-ecdf', 'warm-and-cold'))}
${whereItGoes(analysis, draw('waterfall'))}
${load(analysis, draw('load-latency', 'load-frontier'))}
${tokens(analysis, draw('funnel-401', 'retry-amplification'))}
${logs(analysis, draw('correlation'))}${budget(analysis, draw('error-budget'))}${host(analysis, draw('resources'))}
${allComparisons(analysis)}${untested(analysis)}${environment(analysis)}${verifying(analysis)}${glossary()}
<footer>Made by Weighbridge from <code>analysis.json</code>. Latencies are as felt by the agent unless a figure says otherwise.</footer>
</main></body></html>
`;
  return page.markup;
}
