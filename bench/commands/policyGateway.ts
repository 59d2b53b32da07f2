/** The real gateway's policy as the gateway's side of a comparison: its rules, its judge, what ships with it. */
import { looksAtTime, Policy, rulesOf, shippedPolicies } from '../../gateway/controls/policy.ts';
import type { GatewaySide, PolicyManifest } from '../policy/index.ts';

export interface GatewaySideOptions {
  /** Compiled Cedar; absent: the gateway's own permit. */
  permits?: string;
  /** That it would be compiled from: the agent has these plugins, and was granted the scopes that they declare. */
  manifests: readonly PolicyManifest[];
  agent: string;
  /** Cedar texts. */
  overlays: readonly string[];
  max_payment_cents: number;
}

/** @throws WeighbridgeError CONFIG where permits or overlays cannot be used */
export function gatewaySide({
  permits,
  manifests,
  agent,
  overlays,
  max_payment_cents,
}: GatewaySideOptions): GatewaySide {
  const scopes = [...new Set(manifests.flatMap(({ permissions }) => permissions))].sort();
  const plugins = manifests.map(({ name }) => name).sort();
  const source = shippedPolicies({ ...(permits === undefined ? {} : { permits }), overlays: [...overlays] });
  const policy = new Policy({ agents: [{ agent_id: agent, scopes, plugins }], max_payment_cents }, { source });
  return {
    judge: (call) => policy.judge(call),
    rules: rulesOf(source.policies)
      .filter(({ effect }) => effect === 'forbid')
      .map((rule) => ({
        id: rule.id,
        thresholds: [...numbersIn(rule.text), max_payment_cents],
        timed: looksAtTime(rule),
      })),
  };
}

/** The schema that compiled permits and overlays fit. */
export const policySchema = (): string => shippedPolicies().schema;

const numbersIn = (text: string): number[] => [...text.matchAll(/\d+/g)].map(([digits]) => Number(digits));
