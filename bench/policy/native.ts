/**
 * The manifests as the native side enforces them: a table of plugin × operation. It mirrors the agent's run-time check,
 * order of the reasons included; a test holds the two against each other. What only shows once a plugin's code has run
 * (does the request that it made belong to the operation?) stands in no table.
 */
import { type Operation, operations } from '#contract/tools.ts';
import type { PolicyManifest } from './manifest.ts';

export interface NativeCell {
  readonly plugin: string;
  readonly operation: string;
  readonly allowed: boolean;
  /** Why not: `undeclared_operation`, `undeclared_scope`; '' where it is allowed. */
  readonly rule: string;
  /** By argument: the largest whole number that passes. */
  readonly limits: Readonly<Record<string, number>>;
}

export interface NativeTable {
  /** By plugin name, then in the catalogue's order. */
  readonly cells: readonly NativeCell[];
  /** Logical hosts that each plugin may dial. */
  readonly hosts: Readonly<Record<string, readonly string[]>>;
}

export interface NativeVerdict {
  readonly allowed: boolean;
  /** `undeclared_operation`, `undeclared_scope`, `undeclared_host`, `over_limit`, `unknown_plugin`; '' where it is allowed. */
  readonly rule: string;
}

type Args = Readonly<Record<string, string | number>>;

/** @param manifests in the order of their names */
export function compileNative(manifests: readonly PolicyManifest[]): NativeTable {
  return {
    cells: manifests.flatMap((manifest) => operations.map((operation) => cellOf(manifest, operation))),
    hosts: Object.fromEntries(manifests.map(({ name, hosts }) => [name, [...hosts].sort()])),
  };
}

function cellOf(manifest: PolicyManifest, operation: Operation): NativeCell {
  const rule = !manifest.operations.includes(operation.name)
    ? 'undeclared_operation'
    : !manifest.permissions.includes(operation.scope)
      ? 'undeclared_scope'
      : '';
  const limits = manifest.limits?.[operation.name] ?? {};
  return { plugin: manifest.name, operation: operation.name, allowed: rule === '', rule, limits };
}

export interface NativeCall {
  readonly plugin: string;
  readonly operation: string;
  readonly args: Args;
  /** Logical host that the plugin would dial. */
  readonly host: string;
}

/** Decides calls by the table; the index is made once. */
export function nativeDecider({ cells, hosts }: NativeTable): (call: NativeCall) => NativeVerdict {
  const byKey = new Map(cells.map((cell) => [`${cell.operation}|${cell.plugin}`, cell]));
  return ({ plugin, operation, args, host }) => {
    const cell = byKey.get(`${operation}|${plugin}`);
    if (!cell) return denied('unknown_plugin');
    if (!cell.allowed) return denied(cell.rule);
    if (!hosts[plugin]!.includes(host)) return denied('undeclared_host');
    return exceeds(cell.limits, args) ? denied('over_limit') : { allowed: true, rule: '' };
  };
}

const denied = (rule: string): NativeVerdict => ({ allowed: false, rule });

/** An argument that cannot be compared is above its limit. */
const exceeds = (limits: NativeCell['limits'], args: Args): boolean =>
  Object.entries(limits).some(([name, limit]) => {
    const value = args[name];
    return !(typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= limit);
  });
