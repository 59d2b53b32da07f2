/**
 * The campaign that `weighbridge calibrate` runs, as the text of a campaign.yaml: placebos whose delays are known, claims on
 * them whose verdicts are known, and arms that are watched more and less. It is read like any other file, so `run` with that
 * text gives the same campaign.
 */
import { increments } from '#contract/calibration.ts';
import type { ProfileName } from './types.ts';

/** Delays that are put to the rule of claim C1: outside its 5 to 15 ms, inside, outside. */
const knownDelays_ms = [1, 8, 26];
const knownMargin = 'margin_ms: [5, 15]';

/** With these a block of smoke is short, and every kind of figure is there all the same. */
const smokeDelays_ms = [0, 0.25, 7, 8];

/** `placebo-0-25` adds 0.25 ms: names hold no dots. */
const nameOf = (delay_ms: number): string => `placebo-${String(delay_ms).replace('.', '-')}`;
const again = `${nameOf(0)}b`;

const arm = (name: string, delay_ms: number, more = ''): string =>
  `  ${name}: {agent: builtin, controls: off, gateway: passthrough, delay_ms: ${delay_ms}${more}}`;
const byValue = (a: number, b: number): number => a - b;

/** The phases of a calibration: time as felt, one call at a time. */
export const calibrationPhases = 'latency';

export function calibrationText(profile: ProfileName): string {
  const isRun = (delay_ms: number): boolean => profile !== 'smoke' || smokeDelays_ms.includes(delay_ms);
  const pairs = increments.filter((i) => isRun(i.arm_ms) && isRun(i.baseline_ms));
  const known_ms = knownDelays_ms.filter(isRun);
  const delays_ms = [...new Set([...pairs.flatMap((i) => [i.arm_ms, i.baseline_ms]), ...known_ms])].sort(byValue);
  const pair = (arm_ms: number, baseline_ms: number): [string, string] => [
    arm_ms === baseline_ms ? again : nameOf(arm_ms),
    nameOf(baseline_ms),
  ];
  return `# A calibration: what the instrument reports where the truth is known. Delays are added by a gateway whose controls are off.
version: 1
question: What does this instrument report where the truth is known?
profile: ${profile}
workloads: [tool-chain]
conditions: [{service: instant, concurrency: 1}]
arms:
${delays_ms.map((ms) => arm(nameOf(ms), ms)).join('\n')}
${arm(again, 0)}
${arm('unwatched', 0, ', telemetry: off')}
${profile === 'smoke' ? '' : `${arm('sdk', 0, ', telemetry: full')}\n`}compare:
${pairs
  .map((i) => pair(i.arm_ms, i.baseline_ms))
  .map(([a, b]) => `  ${b}_to_${a}: {arm: ${a}, baseline: ${b}}`)
  .join('\n')}
claims:
${known_ms.flatMap((ms) => ['p50', 'p95'].map((q) => `  K${ms}-${q}: {arm: ${nameOf(ms)}, baseline: ${nameOf(0)}, metric: felt_${q}_shift, ${knownMargin}}`)).join('\n')}
`;
}
