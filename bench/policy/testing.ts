/** For the tests of policies: the agent's own manifests, made-up ones, and planned calls. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { PlannedCall } from '#contract/calls.ts';
import { allScopes, operationByName, operations } from '#contract/tools.ts';
import { type PolicyManifest, readManifest } from './manifest.ts';

const plugins = new URL('../../agents/plugins/', import.meta.url);

export const shippedManifests: readonly PolicyManifest[] = readdirSync(plugins, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => readManifest(JSON.parse(readFileSync(new URL(`${name}/manifest.json`, plugins), 'utf8')), name));

export const toolsHost = 'tools.weighbridge.test';

/** Amounts around every limit that the made-up manifests draw from, and what is no amount. */
export const amounts = [undefined, -1, 0, 1, 99, 100, 101, 499, 500, 501, 1_000, 1.5, '100'] as const;

const names = operations.map((o) => o.name);

const manifest = (name: string): fc.Arbitrary<PolicyManifest> =>
  fc.record({
    name: fc.constant(name),
    permissions: fc.subarray([...allScopes]),
    hosts: fc.constant([toolsHost]),
    operations: fc.subarray(names),
    limits: fc.option(
      fc.record(
        {
          'payments.create_payment': fc.record({ amount_cents: fc.constantFrom(0, 100, 500) }),
          'search.query': fc.record({ limit: fc.constantFrom(0, 5) }),
        },
        { requiredKeys: [] },
      ),
      { nil: undefined },
    ),
  }) as fc.Arbitrary<PolicyManifest>;

export const manifests: fc.Arbitrary<PolicyManifest[]> = fc.tuple(
  manifest('alpha'),
  manifest('beta'),
  manifest('gamma'),
);

export function plannedCall(name: string, plugin: string, args: PlannedCall['args'] = {}): PlannedCall {
  const { tool, operation, class: kind } = operationByName.get(name)!;
  return { call_id: `${plugin}-${name}`, position: 0, plugin, tool, operation, class: kind, args };
}
