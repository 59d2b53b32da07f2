/** Puts `manifest.json` together from what was planned and what happened; pure. */
import type { Subject } from '#contract/analysis.ts';
import { type Manifest, manifestSchema } from '#contract/manifest.ts';
import { service } from '#contract/names.ts';
import type { KeptBlock } from './checkpoint.ts';
import type { ArmSpec, AttachedGateway, CampaignConfig } from './config/types.ts';
import type { environment } from './environment.ts';
import type { PlanInput } from './plan.ts';
import type { ComparedPolicies } from './policies.ts';

export interface ManifestInput {
  id: string;
  config: CampaignConfig;
  plan: PlanInput;
  digest: string;
  surroundings: Awaited<ReturnType<typeof environment>>;
  started: Date;
  ended: Date;
  /** How long it ran, breaks left out. */
  ran_s: number;
  results: KeptBlock[];
  resumed: NonNullable<Manifest['resumed']>;
  status: Manifest['status'];
  /** Does the campaign have that phase? */
  security: boolean;
  /** Blocks there are to be. */
  planned: number;
  /** Where there was a pilot: why so many. */
  pilot: { blocks: number; why: string } | null;
  /** The campaign's calls as both sides decide them. */
  compared: ComparedPolicies;
}

export function manifestOf(input: ManifestInput): Manifest {
  const { config, plan, surroundings, results } = input;
  return manifestSchema.parse({
    version: 1,
    id: input.id,
    question: config.question,
    profile: config.profile.name,
    seed: config.seed,
    status: input.status,
    started: input.started.toISOString(),
    ended: input.ended.toISOString(),
    duration_s: Math.round(input.ran_s),
    ...surroundings,
    arms: config.arms.map((arm) => armEntry(arm, config.gateways, surroundings.weighbridge.version)),
    comparisons: config.comparisons,
    claims: config.claims,
    thresholds: config.thresholds,
    slo: config.slo,
    plan: {
      digest: input.digest,
      blocks: input.planned,
      rounds: plan.rounds,
      slice_calls: plan.slice_calls,
      lead_in: plan.lead_in,
      pause_ms: config.profile.pause_ms,
      workloads: plan.workloads.map((w) => w.name),
      conditions: plan.conditions.map((c) => c.name),
      phases: ['parity', ...plan.phases, ...(input.security ? ['security'] : [])],
      ...(plan.phases.includes('load') ? { load: plan.load } : {}),
      ...(input.pilot ? { pilot: input.pilot } : {}),
    },
    blocks: results.map((r) => r.record),
    // Every block proves it again before it is timed; one proof is enough to read.
    parity: results.find((r) => r.parity.length > 0)?.parity ?? [],
    processes: results.flatMap((r) => r.processes),
    remarks: [...remarks(config), ...input.compared.remarks],
    ...(input.compared.policy ? { policy: input.compared.policy } : {}),
    resumed: input.resumed,
  } satisfies Manifest);
}

function armEntry(spec: ArmSpec, gateways: Record<string, AttachedGateway>, version: string): Manifest['arms'][number] {
  const attached = typeof spec.gateway === 'object' ? spec.gateway.attached : null;
  const name = attached ?? (spec.gateway as string);
  const ours = name === 'gateway' || name === 'passthrough';
  return {
    arm: spec.arm,
    controls: spec.controls,
    gateway: name,
    attached: attached !== null,
    ...(spec.delay_ms === undefined ? {} : { delay_ms: spec.delay_ms }),
    ...(spec.telemetry === undefined ? {} : { telemetry: spec.telemetry }),
    ...(keepsAudit(spec) ? { audit: spec.audit ?? 'buffered' } : {}),
    ...(spec.settings === undefined ? {} : { settings: spec.settings }),
    ...(spec.without === undefined ? {} : { without: spec.without }),
    tiers: [service.agent, ...(ours && attached === null ? [service.gateway] : []), service.tools],
    subject: subjectOf(spec, attached === null ? undefined : gateways[attached], version),
    label: labelOf(spec, attached),
  };
}

function subjectOf(spec: ArmSpec, attached: AttachedGateway | undefined, version: string): Subject {
  if (attached)
    return { system: attached.product, kind: 'real', placement: attached.placement, protocol: attached.protocol };
  const agent = `weighbridge-agent@${version}${after(' with ', settingsText(spec))}`;
  const gateway = `weighbridge-gateway@${version}${after(' without ', spec.without)}`;
  if (spec.gateway === 'none') return { system: agent, kind: 'modelled', placement: 'in the agent', protocol: 'http' };
  return {
    system: spec.controls === 'off' ? gateway : `${agent} + ${gateway}`,
    kind: 'modelled',
    placement: 'own process, same host',
    protocol: 'http',
  };
}

const controlsLabel = {
  off: 'no controls in the agent',
  on: 'controls in the agent',
  regressed: 'agent as before the fix (a model of the article’s story)',
} as const;

const keepsAudit = ({ gateway, without }: ArmSpec): boolean =>
  gateway === 'gateway' && without?.includes('audit') !== true;

/** `security.oauth.scope_hash_validation: false`, one for each. */
const settingsText = ({ settings = {} }: ArmSpec): string[] =>
  Object.entries(settings).map(
    ([key, value]) => `${key}: ${Array.isArray(value) ? `${value.length} of the user’s` : value}`,
  );

const after = (word: string, things: readonly string[] = []): string =>
  things.length === 0 ? '' : `${word}${things.join(', ')}`;

const watchedLabel = { off: '; traced by nobody', full: '; traced by the full OpenTelemetry SDK' } as const;

function labelOf(spec: ArmSpec, attached: string | null): string {
  const gateway =
    attached !== null
      ? `attached gateway ${attached}`
      : { none: 'no gateway', passthrough: 'gateway without controls', gateway: 'gateway with all controls' }[
          spec.gateway as 'none' | 'passthrough' | 'gateway'
        ];
  const placebo = spec.delay_ms === undefined ? '' : ` that adds a known ${spec.delay_ms} ms`;
  const durable = spec.audit === 'group_commit' ? ', audit records durable first' : '';
  const watched = spec.telemetry === undefined ? '' : watchedLabel[spec.telemetry];
  const agent = `${controlsLabel[spec.controls]}${after(' but with ', settingsText(spec))}`;
  return `${agent}, ${gateway}${after(' but ', spec.without)}${placebo}${durable}${watched}`;
}

function auditRemark(arms: readonly ArmSpec[]): string {
  const [durable, buffered] = [true, false].map((is) =>
    arms.filter((a) => keepsAudit(a) && (a.audit === 'group_commit') === is).map((a) => a.arm),
  ) as [string[], string[]];
  const where = durable.length > 0 && buffered.length > 0 ? ` on ${buffered.join(', ')}` : '';
  const out =
    durable.length > 0 && buffered.length === 0
      ? []
      : [
          `The gateway’s audit record is buffered${where}: it is written after the answer, so its durability is not paid for in the figures${where === '' ? '' : ' there'}.`,
        ];
  if (durable.length > 0) {
    out.push(
      `On ${durable.join(', ')} the gateway’s audit record is durable before anything goes upstream (group_commit: one write and fdatasync for all that wait), on the file system of the results.`,
    );
  }
  return out.join(' ');
}

/** null where every control is on that its column has. */
function switchedText(arm: ArmSpec): string | null {
  const said = [
    ...settingsText(arm).map((text) => `its agent has ${text}`),
    ...(arm.without === undefined ? [] : [`its gateway does without ${arm.without.join(', ')}`]),
  ];
  return said.length === 0 ? null : `${arm.arm}: ${said.join('; ')}`;
}

function switchedRemarks(arms: readonly ArmSpec[]): string[] {
  const said = arms.flatMap((arm) => switchedText(arm) ?? []);
  if (said.length === 0) return [];
  return [
    `Switched off on purpose, in every phase that has it: ${said.join('. ')}. Budgets, codes, approvals and bound tokens are on in the security phase alone, so without them the other phases are as they were. Claims that attacks decide leave such arms out.`,
  ];
}

function watchingRemarks(arms: readonly ArmSpec[]): string[] {
  const names = (telemetry: ArmSpec['telemetry']): string =>
    arms
      .filter((a) => a.telemetry === telemetry)
      .map((a) => a.arm)
      .join(', ');
  const out = [
    'Arms that are watched otherwise than the rest take part in no timed phase but latency. What is switched is what their agent and their gateway do; the testbed serves all arms and notes the same of each.',
  ];
  if (names('off') !== '') {
    out.push(
      `${names('off')}: no spans, no log lines and no traceparent. The tools begin traces of their own for these calls; they belong to no call, so nothing is read from spans for these arms, and the shares of joined lines leave them out.`,
    );
  }
  if (names('full') !== '') {
    out.push(
      `${names('full')}: OpenTelemetry’s SDK with batch processors (batches of 512, its own delays, queues of 16,384), spans started by hand, each log line emitted as a record too. What a slice left is exported between slices, so export rarely falls into a call, and its CPU time is in no figure; automatic instrumentation of HTTP would cost more.`,
    );
  }
  return out;
}

function remarks(config: CampaignConfig): string[] {
  const out = [
    'The agent and the gateway are models of what the article claims, not the published products of these names.',
    'In lifecycle, expiries are lived through, not injected: one nominal expiry per token lifetime, arm and leg counts as an episode.',
    'In the agent column “on”, token binding (DPoP) and the encrypted state file are left off in this release’s campaigns; their price is not in the figures.',
    auditRemark(config.arms),
  ];
  out.push(...switchedRemarks(config.arms));
  if (config.arms.some((a) => a.telemetry !== undefined)) out.push(...watchingRemarks(config.arms));
  if (config.conditions.some((c) => c.protocol === 'https')) {
    out.push(
      'In conditions over https every leg of a tool call is TLS, by P-256 certificates of an authority made for the block; tokens, keys and revocations travel over plain HTTP. Their names are looked up by the system; an agent with controls looks them up once, when it starts, so that its lookups are of its own memory.',
    );
  }
  if (Object.keys(config.gateways).length > 0) {
    out.push(
      'Attached gateways keep running between blocks: they are not restarted, so their figures are those of one long-lived process.',
    );
  }
  return out;
}
