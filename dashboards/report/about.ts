/** What the campaign was: subjects, environment, digests, how to verify it; what it did not test; the words it uses. */
import type { Analysis } from '#contract/analysis.ts';
import { quotable } from '../reading/answer.ts';
import { auditText, byArm, subjectText } from '../reading/arms.ts';
import { conditionText } from '../reading/pairs.ts';
import { lookAgain, notTested } from '../reading/scope.ts';
import { type Html, html } from './html.ts';
import { bullets, section, table } from './parts.ts';

export function untested(analysis: Analysis): Html {
  const body = html`<p>Silence here is not evidence. This campaign says nothing on:</p>${bullets(notTested(analysis))}<h3 id="look-again">When to look again</h3>${bullets(lookAgain(analysis))}`;
  return section({ id: 'not-tested', title: 'What was not tested', body });
}

function subjects(analysis: Analysis): Html {
  return table({
    id: 'arms',
    caption:
      '“A model of the article’s claims” is a system that we built to what is claimed of such products, in its best form; it is not the product.',
    columns: [
      { label: 'Arm' },
      { label: 'What it is' },
      { label: 'Controls in the agent' },
      { label: 'Gateway' },
      { label: 'Subject' },
    ],
    rows: byArm(analysis, analysis.campaign.arms).map((a) => ({
      cells: [
        a.arm,
        a.label,
        a.controls,
        [a.gateway, auditText(a)].filter((part) => part !== null).join('; '),
        subjectText(a.subject),
      ],
    })),
    cards: true,
  });
}

export function environment(analysis: Analysis): Html {
  const { campaign } = analysis;
  const entries: [string, string][] = [
    ...Object.entries(campaign.environment),
    ['seed', campaign.seed],
    ['workloads', campaign.workloads.join(', ')],
    ...campaign.conditions.map((c): [string, string] => [c, conditionText(c)]),
  ];
  const body = html`<h3 id="subjects">Arms and subjects</h3>${subjects(analysis)}<h3 id="machine">Machine and plan</h3>
${table({ id: 'environment-table', caption: 'Where and how it ran.', columns: [{ label: 'What' }, { label: 'Value' }], rows: entries.map(([k, v]) => ({ cells: [k, v] })) })}`;
  return section({ id: 'environment', title: 'Subjects and environment', body });
}

export function verifying(analysis: Analysis): Html {
  const quote = quotable(analysis);
  const id = analysis.campaign.id;
  const body = html`<p>From a checkout of Weighbridge, with the campaign’s directory under <code>results/</code>:</p>
<pre tabindex="0"><code>npx weighbridge verify results/${id}     # every file against its digest
npx weighbridge report results/${id}     # rebuilds analysis, charts and this page from the raw data
cd results/${id} &amp;&amp; sha256sum --check checksums.sha256</code></pre>
<p>SHA-256 over the raw data: <code id="raw-digest">${analysis.campaign.raw_digest}</code>. A digest shows accidents: a file that was cut or changed by mistake. It does not show who made the files; only a signature does.</p>
${quote === null ? null : html`<h3 id="quote">To quote</h3><blockquote><p>${quote}</p></blockquote>`}
<p>Every figure on this page stands in <code>analysis.json</code>; links on figures lead to the row, and their titles name the JSON pointer.</p>`;
  return section({ id: 'verify', title: 'How to verify and quote', body });
}

const words: [string, string][] = [
  [
    'Call, attempt, leg',
    'A call is one tool call of an agent, from when it was due to its final outcome, retries included. An attempt is one HTTP exchange of it, on a leg: agent to the next tier, or gateway to tool.',
  ],
  [
    'Arm',
    'One configuration under test: where the controls stand, and whether they are on. direct has neither; native has them in the agent; passthrough has a gateway that does nothing; gateway has one that checks; layered has both.',
  ],
  [
    'Quantile shift',
    'The p95 of one arm minus the p95 of another. It is not the p95 of the added time: no single call is measured in both arms. Where every call is slowed alike the two agree; where only slow calls are, they do not.',
  ],
  [
    'Warm, after idle',
    'The first calls after a pause meet idle processes and are slower. They are kept apart: “warm” leaves them out, “after idle” is made of them alone. An agent that calls now and then lives after idle.',
  ],
  [
    'Felt, by spans',
    'Felt is what the agent waits. By spans is the attempt minus what the tool reports for itself. The gap between the two is what neither the wire nor the gateway shows: token handling in the agent, and token checks at the tool.',
  ],
  [
    'Block',
    'Fresh processes, warm-up, many interleaved rounds on every arm: the replicate. Calls within a block resemble each other, so n for an interval is the number of blocks, not of calls.',
  ],
  [
    'Interval and attained level',
    'With few blocks an exact interval cannot hit 95 % exactly; the level it attains is printed with it. Resampling attains none that could be told, so its level is nominal. Below six blocks no interval is given.',
  ],
  [
    'Margin',
    'Where a claim holds, fixed before the run. Confirmed: the 90 % interval lies inside it everywhere. Refuted: wholly outside everywhere. Mixed: inside here and outside there. Anything else is inconclusive, which is not a weak no.',
  ],
  [
    'Modelled',
    'Built by us to what is claimed of such systems. Its figures are about the model, and about a product only as far as the product resembles it.',
  ],
];

export const glossary = (): Html =>
  section({
    id: 'glossary',
    title: 'Words',
    body: html`<dl class="words">${words.map(([k, v]) => html`<dt>${k}</dt><dd>${v}</dd>`)}</dl>`,
  });
