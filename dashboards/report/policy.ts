/** Which of the campaign's own calls the two sides decide differently, and what only the gateway forbids. */
import type { Analysis } from '#contract/analysis.ts';
import type { DifferingCalls, PolicyComparison } from '#contract/policyDiff.ts';
import { count, plural } from '../reading/format.ts';
import { type Html, html, type Part } from './html.ts';
import { bullets, table } from './parts.ts';

const titles: Record<PolicyComparison['gateway'], string> = {
  timed: 'The gateway of the timed phases',
  attacked: 'The gateway of the attacks, everything on',
};

const statuses: Record<PolicyComparison['gateway_rules'][number]['status'], string> = {
  lost: 'no native equivalent: lost without the gateway',
  covered: 'covered natively',
  idle: 'denies nothing that this agent could ask',
};

const said = ({ allowed, rule }: DifferingCalls['native']): string =>
  `${allowed ? 'allow' : 'deny'}${rule === '' ? '' : `: ${rule}`}`;

function amount(range: DifferingCalls['amount_cents']): string {
  if (range === null) return '–';
  const [low, high] = range;
  return low === high ? count(low) : `${count(low)} to ${count(high)}`;
}

function differing({ gateway, calls }: PolicyComparison): Part {
  if (calls.length === 0) return html`<p>No call is decided differently.</p>`;
  return table({
    id: `policy-${gateway}-calls`,
    caption: 'Calls that one side allows and the other denies. Amounts in cents.',
    columns: [
      { label: 'Operation' },
      { label: 'Workload' },
      { label: 'Plugin' },
      { label: 'Class' },
      { label: 'Amount', numeric: true },
      { label: 'Natively' },
      { label: 'At the gateway' },
      { label: 'Calls', numeric: true },
    ],
    rows: calls.map((c) => ({
      cells: [
        `${c.tool}.${c.operation}`,
        c.workload,
        c.plugin,
        c.class,
        amount(c.amount_cents),
        said(c.native),
        said(c.gateway),
        count(c.count),
      ],
    })),
  });
}

function rules({ gateway, gateway_rules, beyond_a_call }: PolicyComparison): Part {
  const shown = gateway_rules.map(({ rule, status, example }) => [
    rule,
    statuses[status],
    example === null
      ? '–'
      : `${example.plugin}: ${example.operation}${example.amount_cents === null ? '' : ` of ${count(example.amount_cents)}`}`,
  ]);
  const beyond = beyond_a_call.map(({ control, why }) => [
    control,
    `no native equivalent; not held call by call: ${why}`,
    '–',
  ]);
  return table({
    id: `policy-${gateway}-rules`,
    caption: 'What this gateway forbids, and what becomes of it without the gateway.',
    columns: [{ label: 'Rule or control' }, { label: 'Without the gateway', wide: true }, { label: 'For example' }],
    rows: [...shown, ...beyond].map((cells) => ({ cells })),
  });
}

function compared(comparison: PolicyComparison): Html {
  const workloads = comparison.workloads.map(
    (w) =>
      `${w.workload}: ${plural(w.calls, 'call')}; both allow ${count(w.both_allow)}, both deny ${count(w.both_deny)}, the gateway alone denies ${count(w.denied_at_gateway_only)}, the agent alone ${count(w.denied_natively_only)}`,
  );
  return html`<h4 id="policy-${comparison.gateway}">${titles[comparison.gateway]}</h4><p>${comparison.rules}</p>${bullets(workloads)}${differing(comparison)}${rules(comparison)}`;
}

/** Nothing in a campaign from before the sides were compared. */
export function policyDifferences({ policy }: Analysis): Part {
  if (!policy) return null;
  const body =
    policy.length === 0
      ? html`<p>Nothing to compare: no arm of this campaign has a gateway of ours with its controls on, and the rules of an attached one are not known here.</p>`
      : html`<p>Every planned call of the blocks that count, decided once by the plugins’ manifests as the agent enforces them, and once by the gateway’s own policy. A call that only one side denies is where dropping that side, or adding it, changes what happens. <code>npx weighbridge policy diff</code> does the same for other workloads and rules.</p>${policy.map(compared)}`;
  return html`<h3 id="policy">Where the two sides’ policies differ</h3>${body}`;
}
