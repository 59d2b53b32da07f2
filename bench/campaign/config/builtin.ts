/**
 * The built-in arms and what is compared between them. An arm separates one thing at a time: whether a gateway is in
 * the path, and where the controls are on.
 */
import type { ArmSpec, Comparison } from './types.ts';

const arm = (name: string, controls: ArmSpec['controls'], gateway: 'none' | 'passthrough' | 'gateway'): ArmSpec => ({
  arm: name,
  agent: 'builtin',
  controls,
  gateway,
  lifecycle_only: controls === 'regressed',
});

export const builtinArms: ReadonlyMap<string, ArmSpec> = new Map(
  [
    arm('direct', 'off', 'none'),
    arm('direct-b', 'off', 'none'),
    arm('native', 'on', 'none'),
    arm('native-regressed', 'regressed', 'none'),
    arm('passthrough', 'off', 'passthrough'),
    arm('gateway', 'off', 'gateway'),
    arm('layered', 'on', 'gateway'),
  ].map((spec) => [spec.arm, spec]),
);

/** Two arms that are the same: how far they differ is what a campaign can resolve. In every campaign. */
export const pairOfEquals = ['direct', 'direct-b'] as const;

/** Workloads that the bench has; a test holds the list against `bench/workloads`. */
export const builtinWorkloads = ['tool-chain', 'fan-out', 'assistant-day'] as const;

/** Each is made where both arms are in the campaign. */
export const builtinComparisons: readonly Comparison[] = [
  { name: 'hop', arm: 'passthrough', baseline: 'direct' },
  { name: 'controls_native', arm: 'native', baseline: 'direct' },
  { name: 'controls_gateway', arm: 'gateway', baseline: 'passthrough' },
  { name: 'decision', arm: 'gateway', baseline: 'native' },
  { name: 'added', arm: 'gateway', baseline: 'direct' },
  { name: 'layered', arm: 'layered', baseline: 'direct' },
  { name: 'aa', arm: 'direct-b', baseline: 'direct' },
  { name: 'fix', arm: 'native', baseline: 'native-regressed' },
];
