/** The outcome of a campaign, from its analysis: charts, page, decision record, results for CI and for the terminal. */
import type { Analysis } from '#contract/analysis.ts';
import { formatJson } from '#contract/json.ts';
import { decisionRecord } from './adr/index.ts';
import { renderCharts } from './charts/index.ts';
import { junitXml } from './junit.ts';
import { markdownSummary } from './markdown.ts';
import { reportHtml } from './report/index.ts';

export { decisionRecord } from './adr/index.ts';
export { calibrationTable } from './calibration.ts';
export { changesText } from './changes.ts';
export { type RenderedChart, renderCharts } from './charts/index.ts';
export { coverageSvg } from './coverage.ts';
export { junitXml } from './junit.ts';
export { markdownSummary } from './markdown.ts';
export { reportHtml } from './report/index.ts';
export { thresholdTable, verdictTable } from './summary.ts';

export interface OutcomeFile {
  /** Relative to the campaign's directory, with forward slashes. */
  path: string;
  content: string;
}

export interface OutcomeInput {
  /** SHA-256 over the raw data's digests: what the decision record is cited with. */
  digest: string;
}

/** Every derived file except `analysis.json` and the checksums; the same bytes from the same analysis. */
export async function renderOutcome(analysis: Analysis, { digest }: OutcomeInput): Promise<OutcomeFile[]> {
  const charts = await renderCharts(analysis);
  return [
    ...charts.flatMap(({ name, spec, svg }) => [
      { path: `charts/${name}.vl.json`, content: formatJson(spec, 3) },
      { path: `charts/${name}.svg`, content: `${svg}\n` },
    ]),
    { path: 'report.html', content: reportHtml(analysis, charts) },
    { path: 'adr.md', content: decisionRecord(analysis, { digest }) },
    { path: 'junit.xml', content: junitXml(analysis) },
    { path: 'summary.md', content: markdownSummary(analysis) },
  ];
}
