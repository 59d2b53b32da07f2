/** A difference as a table for a terminal. Calls that differ in the same way share a row; `--json` names each. */
import type { DifferingCall, PolicyDiff } from './diff.ts';
import { amountsOf, groupsOf } from './groups.ts';
import type { NativeOnly } from './onlyOneSide.ts';

const headings = ['tool.operation', 'plugin', 'class', 'amount', 'natively', 'at the gateway', 'calls', 'first'];

export function renderDiff(diff: PolicyDiff): string {
  const { workload, agent, calls, decisions, both_allow, both_deny } = diff;
  return [
    `workload ${workload}: ${calls} calls by ${agent}, ${decisions} decisions on each side; both allow ${both_allow}, both deny ${both_deny}`,
    section('allowed natively, denied at the gateway', diff.denied_at_gateway_only),
    section('denied natively, allowed at the gateway', diff.denied_natively_only),
    gatewaySection(diff),
    nativeSection(diff.native_rules),
  ].join('\n\n');
}

function section(title: string, calls: readonly DifferingCall[]): string {
  if (calls.length === 0) return `${title}: none`;
  const rows = groupsOf(calls).map(rowOf);
  return `${title}: ${calls.length}\n${table([headings, ...rows])}`;
}

function rowOf(group: readonly DifferingCall[]): string[] {
  const { tool, operation, plugin, class: kind, native, gateway, call_id } = group[0]!;
  const said = (side: { allowed: boolean; rule: string }): string =>
    `${side.allowed ? 'allow' : 'deny'}${side.rule === '' ? '' : `: ${side.rule}`}`;
  return [
    `${tool}.${operation}`,
    plugin,
    kind,
    amountText(group),
    said(native),
    said(gateway),
    String(group.length),
    call_id,
  ];
}

function amountText(group: readonly DifferingCall[]): string {
  const [low, high] = amountsOf(group) ?? [];
  if (low === undefined) return '–';
  return low === high ? String(low) : `${low}…${high}`;
}

const statusText = {
  lost: 'no native equivalent: lost without the gateway',
  covered: 'covered natively',
  idle: 'denies nothing that this agent could ask',
} as const;

function gatewaySection({ gateway_rules }: PolicyDiff): string {
  if (gateway_rules.length === 0) return 'rules of the gateway: none';
  const rows = gateway_rules.map(({ rule, status, example }) => {
    const amount = example?.amount_cents === null || example === null ? '' : ` of ${example.amount_cents}`;
    return [rule, statusText[status], example ? `${example.plugin}: ${example.operation}${amount}` : '–'];
  });
  return `rules of the gateway\n${table([['rule', 'without the gateway', 'for example'], ...rows])}`;
}

function nativeSection(rules: readonly NativeOnly[]): string {
  if (rules.length === 0) return 'native rules with no gateway equivalent: none';
  const groups = new Map<string, NativeOnly[]>();
  for (const rule of rules) {
    const key = `${rule.plugin}|${rule.rule}|${rule.why}`;
    groups.set(key, [...(groups.get(key) ?? []), rule]);
  }
  const rows = [...groups.values()].map((group) => {
    const { plugin, rule, why } = group[0]!;
    return [plugin, rule, group.length > 2 ? `${group.length} operations` : group.map((g) => g.about).join(', '), why];
  });
  return `native rules with no gateway equivalent: ${rules.length}\n${table([['plugin', 'rule', 'about', 'why'], ...rows])}`;
}

function table(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
    .join('\n');
}
