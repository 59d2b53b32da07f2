/**
 * The manifests as the gateway can enforce them: one Cedar permit per plugin and operation. A gateway sees the agent and
 * not the plugin, so the permits of all plugins of an agent add up: what any of them may do, each of them can. Hosts and
 * limits on anything but a payment's amount are out of its sight, and stand in no permit.
 */
import { operationByName } from '#contract/tools.ts';
import type { PolicyManifest } from './manifest.ts';

/** Ids of compiled permits begin so; rules of overlays must not. */
export const permitPrefix = 'manifest/';
/** The one argument that a gateway's adapter reads, and of which class of operation. */
export const readArgument = { name: 'amount_cents', class: 'pay' } as const;

export const permitId = (plugin: string, operation: string): string => `${permitPrefix}${plugin}/${operation}`;

const head = [
  '// Compiled from the plugins’ manifests by `weighbridge policy compile`: change those, not this.',
  '// A permit holds for agents that have its plugin, and for agents of which nobody said what they have.',
];

/** @param manifests in the order of their names */
export function compileCedar(manifests: readonly PolicyManifest[]): string {
  const permits = manifests.flatMap((manifest) =>
    manifest.operations
      .filter((name) => manifest.permissions.includes(operationByName.get(name)!.scope))
      .sort()
      .map((name) => permitOf(manifest, name)),
  );
  return `${[head.join('\n'), ...permits].join('\n\n')}\n`;
}

function permitOf({ name: plugin, limits }: PolicyManifest, name: string): string {
  const operation = operationByName.get(name)!;
  const limit = operation.class === readArgument.class ? limits?.[name]?.[readArgument.name] : undefined;
  const conditions = [
    'principal.scopes.contains(resource.scope)',
    `(if principal has plugins then principal.plugins.contains(${JSON.stringify(plugin)}) else true)`,
    ...(limit === undefined ? [] : [`context.amount_cents >= 0`, `context.amount_cents <= ${limit}`]),
  ];
  return [
    `@id(${JSON.stringify(permitId(plugin, name))})`,
    `permit (principal, action == Action::"${operation.class}", resource == Operation::${JSON.stringify(name)})`,
    `when { ${conditions.join(' && ')} };`,
  ].join('\n');
}
