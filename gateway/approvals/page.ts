/** The approvers' page: plain HTML and forms, no script, nothing from elsewhere. Everything shown is escaped. */
import { createHash } from 'node:crypto';
import type { CostReport, TaskCost } from '#contract/control.ts';
import type { Session } from './approvers.ts';
import type { ApprovalState, ApprovalView } from './store.ts';

const style = `
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: baseline; justify-content: space-between; }
article { border: 1px solid; border-radius: .5rem; margin: 1rem 0; padding: 0 1rem 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
td, th { padding: .25rem .5rem; text-align: start; overflow-wrap: anywhere; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
form { display: inline-flex; flex-wrap: wrap; gap: .75rem; }
button, input { font: inherit; min-height: 2.75rem; padding: 0 1rem; }
:focus-visible { outline: 3px solid; outline-offset: 2px; }
[role=alert], [role=status] { border-inline-start: .4rem solid; padding: .5rem 1rem; }
`;
const styleHash = createHash('sha256').update(style).digest('base64');

/** Nothing is loaded and nothing runs; forms go to this listener alone, and no page may frame this one (CSP Level 3). */
export const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/**
 * What would not be seen, or would have other text read in another order (Unicode UAX #9, UTR #36 §2.4), is shown by its
 * number; line feeds and tabs show themselves.
 */
export const escaped = (text: string): string =>
  text.replace(
    /[&<>"']|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (c) => entities[c] ?? (c === '\n' || c === '\t' ? c : numbered(c)),
  );
const numbered = (c: string): string => `[U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`;

const stateNames: Record<ApprovalState, string> = {
  pending: 'waiting for an approver',
  approved: 'approved, not used yet',
  denied: 'denied',
  expired: 'expired',
  served: 'approved and used',
};

export interface Notice {
  /** An error is announced at once, a success when there is a pause. */
  role: 'alert' | 'status';
  text: string;
}

/** `next`: where to go after signing in, a path of this listener. */
export const loginPage = (next: string, notice?: Notice): string =>
  document(
    'Sign in',
    `<main><h1>Approvals: sign in</h1>${noticeOf(notice)}
<form method="post" action="/login">
<input type="hidden" name="next" value="${escaped(next)}">
<label for="secret">Your approver’s secret</label>
<input id="secret" name="secret" type="password" autocomplete="current-password" required>
<button type="submit">Sign in</button>
</form></main>`,
  );

export function approvalsPage(session: Session, approvals: readonly ApprovalView[], notice?: Notice): string {
  const waiting = approvals.filter(({ state }) => state === 'pending');
  const decided = approvals.filter(({ state }) => state !== 'pending');
  return document(
    `Approvals: ${waiting.length} waiting`,
    `${headerOf(session)}<main><h1>Approvals</h1>${noticeOf(notice)}
<section aria-labelledby="waiting"><h2 id="waiting">Waiting (${waiting.length})</h2>
${waiting.map((approval) => article(session, approval)).join('\n') || '<p>No call waits for you.</p>'}</section>
<section aria-labelledby="decided"><h2 id="decided">Decided lately (${decided.length})</h2>
${decided.map((approval) => article(session, approval)).join('\n') || '<p>None.</p>'}</section></main>`,
  );
}

export const approvalPage = (session: Session, approval: ApprovalView | undefined): string =>
  document(
    'Approval',
    `${headerOf(session)}<main><h1>Approval</h1>${
      approval ? article(session, approval) : '<p>There is no such approval, or it has expired.</p>'
    }<p><a href="/">All approvals</a></p></main>`,
  );

/** Of the many tasks that there may be, those that cost most. */
const tasksShown = 200;

export function costsPage(session: Session, costs: CostReport | null): string {
  const tasks = [...(costs?.tasks ?? [])].sort(
    (a, b) => b.spent_cents + b.unknown_cents - a.spent_cents - a.unknown_cents,
  );
  const left = tasks.length - tasksShown;
  const head = [
    'Agent',
    'Task',
    'Calls',
    'Cents',
    'Calls of unknown outcome',
    'Their cents',
    'Refused for want of budget',
  ];
  const body = costs
    ? `<p>All agents: ${costs.all.spent_cents} cents spent, ${costs.window === 'day' ? 'today (UTC)' : 'in all'}; limit: ${costs.all.limit_cents ?? 'none'}.</p>
<table><caption>By agent and task, since the gateway began; a task is the agent’s own word${left > 0 ? `; ${left} that cost less are left out` : ''}</caption>
<thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>
<tbody>${tasks.slice(0, tasksShown).map(costRow).join('\n')}</tbody></table>`
    : '<p>No costs are counted: the budget control is off.</p>';
  return document(
    'Costs',
    `${headerOf(session)}<main><h1>Costs</h1>${body}<p><a href="/">All approvals</a></p></main>`,
  );
}

const costRow = ({ agent, task, calls, spent_cents, unknown_calls, unknown_cents, refused_calls }: TaskCost): string =>
  `<tr>${[agent, task === '' ? '(none named)' : task, calls, spent_cents, unknown_calls, unknown_cents, refused_calls]
    .map((cell) => `<td>${escaped(String(cell))}</td>`)
    .join('')}</tr>`;

const headerOf = ({ approver, form_token }: Session): string =>
  `<header><p>Signed in as <strong>${escaped(approver)}</strong> · <a href="/costs">Costs</a></p><form method="post" action="/logout"><input type="hidden" name="form_token" value="${form_token}"><button type="submit">Sign out</button></form></header>`;

const noticeOf = (notice: Notice | undefined): string =>
  notice ? `<p role="${notice.role}">${escaped(notice.text)}</p>` : '';

const inUnits = (cents: number): string => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;

function article(session: Session, approval: ApprovalView): string {
  const { id, agent, operation, amount_cents, state, approved_by, approvers_needed, denied_by } = approval;
  const rows: [string, string][] = [
    ['Agent', escaped(agent)],
    ['Amount', amount_cents === null ? 'no payment' : `${inUnits(amount_cents)} (${amount_cents} cents)`],
    ['Request', `${escaped(approval.method)} ${escaped(approval.url)}`],
    ['Arguments', argumentsOf(approval)],
    ['Body and type, SHA-256', `<code>${escaped(approval.body_sha256)}</code>`],
    ['Asked', timeOf(approval.asked_ms)],
    ['Expires', timeOf(approval.expires_ms)],
    [
      'Approved by',
      `${escaped(approved_by.join(', ')) || 'nobody yet'} (${approved_by.length} of ${approvers_needed})`,
    ],
    ['State', stateNames[state] + (denied_by === null ? '' : ` by ${escaped(denied_by)}`)],
  ];
  const list = rows.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('');
  const heading = `<h3 id="h-${escaped(id)}">${escaped(operation)}</h3>`;
  return `<article aria-labelledby="h-${escaped(id)}">${heading}<dl>${list}</dl>${formOf(session, approval)}</article>`;
}

const argumentsOf = ({ arguments: text }: ApprovalView): string =>
  text === null
    ? 'never written, so the gateway’s restart took them; once the agent repeats its call they are shown again, and it can be approved'
    : `<pre>${escaped(text) || '(no body)'}</pre>`;

const timeOf = (epoch_ms: number): string => {
  const iso = new Date(epoch_ms).toISOString();
  return `<time datetime="${iso}">${iso.replace('T', ' ').slice(0, 19)} UTC</time>`;
};

/** No buttons where the answer would be a refusal. */
function formOf(session: Session, approval: ApprovalView): string {
  const { id, agent, state, approved_by, operation } = approval;
  if (state !== 'pending') return '';
  if (agent === session.approver) return '<p>This call is your own: somebody else must decide.</p>';
  if (approved_by.includes(session.approver)) return '<p>You have approved it: a second approver must, too.</p>';
  const of = `aria-describedby="h-${escaped(id)}"`;
  // Nobody approves what cannot be read.
  const approve =
    approval.arguments === null ? '' : `<button type="submit" name="verdict" value="approved" ${of}>Approve</button>`;
  return `<form method="post" action="/decide" aria-label="Decide on ${escaped(operation)}"><input type="hidden" name="form_token" value="${session.form_token}"><input type="hidden" name="id" value="${escaped(id)}">${approve}<button type="submit" name="verdict" value="denied" ${of}>Deny</button></form>`;
}

const document = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Weighbridge</title><style>${style}</style></head>
<body>${body}</body></html>
`;
