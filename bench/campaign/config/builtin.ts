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
    { ...arm('placebo', 'off', 'passthrough'), delay_ms: 7 },
    { ...arm('direct-untraced', 'off', 'none'), telemetry: 'off' as const },
    { ...arm('direct-full-sdk', 'off', 'none'), telemetry: 'full' as const },
    { ...arm('passthrough-untraced', 'off', 'passthrough'), telemetry: 'off' as const },
    { ...arm('passthrough-full-sdk', 'off', 'passthrough'), telemetry: 'full' as const },
  ].map((spec) => [spec.arm, spec]),
);

/**
 * Of a file that names none. A placebo, and an arm that is watched otherwise, weigh the instrument and no subject: they are
 * there where they are asked for.
 */
export const defaultArms: readonly ArmSpec[] = [...builtinArms.values()].filter(
  (a) => a.delay_ms === undefined && a.telemetry === undefined,
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
  { name: 'placebo', arm: 'placebo', baseline: 'passthrough' },
  { name: 'hop_untraced', arm: 'passthrough-untraced', baseline: 'direct-untraced' },
  { name: 'hop_full_sdk', arm: 'passthrough-full-sdk', baseline: 'direct-full-sdk' },
  { name: 'aa', arm: 'direct-b', baseline: 'direct' },
  { name: 'fix', arm: 'native', baseline: 'native-regressed' },
];
