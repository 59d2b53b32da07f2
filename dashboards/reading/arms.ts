/** How the arms of a campaign are shown: one order, one colour, one shape and one dash per arm, the same in every chart. */
import type { Analysis, Subject } from '#contract/analysis.ts';
import { alikeButFor } from '#contract/arms.ts';
import { clean, list, shorten } from './format.ts';

export interface ArmLook {
  arm: string;
  colour: string;
  shape: string;
  dash: number[];
}

/** Okabe and Ito's palette (2008), which red-green blind readers can tell apart; its black and yellow left out, for the dark and the light page. */
const builtIn: Record<string, Omit<ArmLook, 'arm'>> = {
  direct: { colour: '#6b7682', shape: 'circle', dash: [] },
  'direct-b': { colour: '#8f9aa6', shape: 'triangle-right', dash: [2, 2] },
  native: { colour: '#0072b2', shape: 'square', dash: [] },
  'native-regressed': { colour: '#56b4e9', shape: 'cross', dash: [6, 3] },
  passthrough: { colour: '#e69f00', shape: 'triangle-up', dash: [6, 3] },
  gateway: { colour: '#d55e00', shape: 'diamond', dash: [] },
  layered: { colour: '#009e73', shape: 'triangle-down', dash: [8, 3, 2, 3] },
  placebo: { colour: '#8c7a5b', shape: 'wedge', dash: [1, 3] },
};

/** For arms of the user's own, in the order of the campaign. */
const own: Omit<ArmLook, 'arm'>[] = [
  { colour: '#cc79a7', shape: 'triangle-left', dash: [10, 3] },
  { colour: '#7a68c9', shape: 'wedge', dash: [3, 3] },
  { colour: '#8a9a00', shape: 'arrow', dash: [10, 2, 2, 2] },
  { colour: '#b0413e', shape: 'cross', dash: [1, 2] },
];

const order = Object.keys(builtIn);

/** All arms that any figure names: those of the plan first (built-in order, then the user's), then what else turns up. */
function armNames(analysis: Analysis): string[] {
  const seen = new Set([...analysis.campaign.arms.map((a) => a.arm), ...analysis.arms.map((a) => a.arm)]);
  const rank = (arm: string) => (order.includes(arm) ? order.indexOf(arm) : order.length);
  return [...seen]
    .map((arm, i) => ({ arm, i }))
    .sort((a, b) => rank(a.arm) - rank(b.arm) || a.i - b.i)
    .map((a) => a.arm);
}

/** The look of every arm, in display order. */
export function armLooks(analysis: Analysis): ArmLook[] {
  let mine = 0;
  return armNames(analysis).map((arm) => {
    const look = Object.hasOwn(builtIn, arm) ? builtIn[arm]! : own[mine++ % own.length]!;
    return { arm, ...look };
  });
}

/** Rows in display order of their arms. */
export function byArm<T extends { arm: string }>(analysis: Analysis, rows: readonly T[]): T[] {
  const names = armNames(analysis);
  return [...rows].sort((a, b) => names.indexOf(a.arm) - names.indexOf(b.arm));
}

/** `weighbridge-gateway@0.1.0 (a model of the article's claims; loopback, http)`. */
export function subjectText(subject: Subject): string {
  const kind = subject.kind === 'modelled' ? 'a model of the article’s claims' : 'real product';
  const where = [subject.placement, subject.protocol].map(clean).filter((t) => t !== '');
  return `${clean(subject.system)} (${[kind, where.join(', ')].filter((t) => t !== '').join('; ')})`;
}

type Arm = Analysis['campaign']['arms'][number];

const isDurable = (arm: Arm): boolean => arm.audit === 'group_commit';

const auditWords = {
  buffered: 'audit records buffered, written after the answer',
  group_commit: 'audit records by group commit, durable before a call goes upstream',
} as const;

/** When the gateway's audit records of an arm are durable; null where it keeps none, or that was not noted. */
export const auditText = ({ audit }: Arm): string | null => (audit === undefined ? null : auditWords[audit]);

/** Do the two differ in nothing that the plan tells but this: the arm's audit records are durable, the baseline's are not? */
export function isPriceOfDurability(analysis: Analysis, pair: { arm: string; baseline: string }): boolean {
  const [arm, baseline] = [pair.arm, pair.baseline].map((name) => analysis.campaign.arms.find((a) => a.arm === name));
  if (arm === undefined || baseline?.audit !== 'buffered' || !isDurable(arm)) return false;
  return alikeButFor('audit', arm, baseline);
}

/** Where an arm's controls stand, in a few words; null where the plan does not hold the arm. */
function roleOf(analysis: Analysis, name: string): string | null {
  const arm = analysis.campaign.arms.find((a) => a.arm === name);
  if (!arm) return null;
  const other = arm.settings === undefined ? '' : ', some turned down';
  const inAgent = { on: `controls in the agent${other}`, off: 'no controls', regressed: 'controls as before the fix' }[
    arm.controls
  ];
  if (arm.gateway === 'none') return inAgent ?? null;
  if (arm.gateway === 'passthrough')
    return arm.controls === 'on' ? `controls in the agent${other}, bare gateway` : 'bare gateway, no controls';
  if (arm.gateway !== 'gateway') return `behind ${shorten(clean(arm.gateway), 60)}`;
  const role = arm.controls === 'on' ? `controls in the agent${other} and at the gateway` : 'controls at the gateway';
  const but = arm.without === undefined ? '' : ` but ${list(arm.without.map((name) => name.replaceAll('_', ' ')))}`;
  return isDurable(arm) ? `${role}${but}, durable audit records` : `${role}${but}`;
}

/** `gateway (controls at the gateway)`. */
export function armWithRole(analysis: Analysis, name: string): string {
  const role = roleOf(analysis, name);
  const short = shorten(clean(name), 60);
  return role === null ? short : `${short} (${role})`;
}

/** The subject of an arm, in words; the arm's name where the plan does not hold it. */
export function armSubject(analysis: Analysis, arm: string): string {
  const found = analysis.campaign.arms.find((a) => a.arm === arm);
  return found ? subjectText(found.subject) : `arm ${clean(arm)}`;
}

/** Do figures of this campaign concern a model only, and no real product? */
export const allModelled = (analysis: Analysis): boolean =>
  analysis.campaign.arms.every((a) => a.subject.kind === 'modelled');

const tierNames: Record<string, string> = {
  'weighbridge-agent': 'agent',
  'weighbridge-gateway': 'gateway',
  'weighbridge-tools': 'tools',
  'weighbridge-auth': 'authority',
};

/** A tier's service name as a reader calls it. */
export const tierName = (service: string): string =>
  Object.hasOwn(tierNames, service) ? tierNames[service]! : clean(service);
