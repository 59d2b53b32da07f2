/**
 * Parity: the proof, before any timing, that all arms do the same job. Good calls must have the same effect at the tool
 * in every arm; bad tokens must be refused without effect, and by the tier that should refuse them; a payment above the
 * limit must meet exactly the controls that the arm has. A surprise stops the campaign.
 */
import type { PlannedCall, Protocol, SliceOrder } from '#contract/calls.ts';
import type { Effect } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { operationByName } from '#contract/tools.ts';
import { type ArmTiers, type Fleet, maxPayment_cents } from './fleet.ts';

export interface ProbeResult {
  arm: string;
  probe: string;
  expected: string;
  got: string;
  ok: boolean;
}

const call = (position: number, name: string, plugin: string, args: PlannedCall['args']): PlannedCall => {
  const operation = operationByName.get(name)!;
  return {
    call_id: `parity-p${position}`,
    position,
    plugin,
    tool: operation.tool,
    operation: operation.operation,
    class: operation.class,
    args,
  };
};

/** One call of each class: read, write, delete, pay. */
const goodCalls: PlannedCall[] = [
  call(0, 'calendar.list_events', 'calendar-reader', {}),
  call(1, 'mail.send_message', 'mail-sender', { to: 'ops@example.test', subject: 'parity', body: 'same in every arm' }),
  call(2, 'files.delete_file', 'file-keeper', { id: 'parity' }),
  call(3, 'payments.create_payment', 'payer', { payee: 'acme', amount_cents: 1_250 }),
];
const tooMuch = call(4, 'payments.create_payment', 'payer', { payee: 'acme', amount_cents: maxPayment_cents + 25_000 });
const tokenProbe = call(5, 'calendar.list_events', 'calendar-reader', {});

const order = (calls: PlannedCall[], protocol: Protocol): SliceOrder => ({
  phase: 'parity',
  workload: 'parity',
  condition: `instant/c1/${protocol}`,
  block: 0,
  round: 0,
  slice: 0,
  lead_in: 0,
  concurrency: 1,
  think_time_us: 0,
  tasks: calls.map((c) => ({ task: c.call_id, stages: [[c]] })),
});

const isAttached = (arm: ArmTiers): boolean => typeof arm.spec.gateway === 'object';
const describeEffects = (effects: Effect[]): string =>
  effects.map((e) => `${e.call_id} ${e.tool}.${e.operation} ${e.digest}`).join(', ') || 'no effect';

/** Runs all probes on all arms over each protocol; throws PARITY on surprises, naming them. */
export async function provesParity(fleet: Fleet, protocols: readonly Protocol[] = ['http']): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  let reference: string | undefined;
  await fleet.tools.control.call('effects');
  for (const arm of fleet.arms.values()) {
    for (const protocol of protocols) {
      const at = { fleet, arm, protocol };
      const good = await goodProbe(at, reference);
      reference ??= good.effects;
      results.push(good.result, ...(await tokenProbes(at)), await policyProbe(at));
    }
  }
  const surprise = results.filter((r) => !r.ok);
  if (surprise.length > 0) {
    const lines = surprise.map((r) => `arm ${r.arm}, probe ${r.probe}: expected ${r.expected}; got ${r.got}`);
    throw new WeighbridgeError('PARITY', `the arms do not do the same job\n  ${lines.join('\n  ')}`, {
      where: 'parity phase',
      mend: 'mend the arm (its gateway’s routes, headers or credentials), or leave it out with --arms; nothing was timed',
    });
  }
  return results;
}

/** Where a probe is made. */
interface At {
  fleet: Fleet;
  arm: ArmTiers;
  protocol: Protocol;
}

const named = (probe: string, protocol: Protocol): string => (protocol === 'https' ? `${probe}, over TLS` : probe);

async function goodProbe(
  { fleet, arm, protocol }: At,
  reference: string | undefined,
): Promise<{ result: ProbeResult; effects: string }> {
  const report = await arm.agent.control.call('run_slice', order(goodCalls, protocol));
  const { effects } = await fleet.tools.control.call('effects');
  const client = arm.vault_client_id ?? arm.client_id;
  const outcome = report.calls.map((c) => c.outcome + (c.error_type ? ` (${c.error_type})` : '')).join(', ');
  const got = `${outcome}; ${describeEffects(effects)}; as ${[...new Set(effects.map((e) => e.client_id))].join(', ')}`;
  const expected = `${goodCalls.map(() => 'ok').join(', ')}; ${reference ?? describeEffects(effects)}; as ${client}`;
  const complete = effects.length === goodCalls.length;
  // An attached gateway may swap credentials as it likes; whose token reaches the tool is its own affair.
  const ok = complete && (isAttached(arm) ? got.split('; as ')[0] === expected.split('; as ')[0] : got === expected);
  return {
    result: { arm: arm.spec.arm, probe: named('good token, one call of each class', protocol), expected, got, ok },
    effects: describeEffects(effects),
  };
}

const badTokens = [
  { kind: 'none', status: 401 },
  { kind: 'expired', status: 401 },
  { kind: 'wrong_audience', status: 401 },
  { kind: 'wrong_scope', status: 403 },
] as const;

async function tokenProbes({ fleet, arm, protocol }: At): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const { kind, status } of badTokens) {
    const token =
      kind === 'none'
        ? null
        : (await fleet.auth.control.call('mint', { client_id: arm.client_id, resource: arm.resource, kind })).token;
    const answered = await probeStatus(arm, token, protocol);
    const { effects, requests } = await fleet.tools.control.call('effects');
    // A gateway that validates tokens must refuse by itself: the tool sees no request at all.
    const reaching = isAttached(arm) ? requests : arm.vault_client_id ? 0 : 1;
    const expected = `${status}, no effect, ${reaching} request at the tool`;
    const got = `${answered}, ${describeEffects(effects)}, ${requests} request at the tool`;
    results.push({ arm: arm.spec.arm, probe: named(`token: ${kind}`, protocol), expected, got, ok: expected === got });
  }
  return results;
}

/** A gateway that is not there is a surprise like any other, told with the rest. */
async function probeStatus(arm: ArmTiers, token: string | null, protocol: Protocol): Promise<string> {
  try {
    return String((await arm.agent.control.call('probe', { call: tokenProbe, token, protocol })).status);
  } catch (error) {
    if (!arm.agent.control.alive || (error instanceof WeighbridgeError && error.code === 'DEADLINE')) throw error;
    return `no answer (${(error as Error).message})`;
  }
}

/** The first in the path that still has the control. */
function denierOf({ spec: { controls, settings, without }, vault_client_id }: ArmTiers): string | null {
  const agentLooks = controls !== 'off' && settings?.['plugins.enforce_manifest_permissions'] !== false;
  if (agentLooks) return 'agent/manifest';
  return vault_client_id !== null && !without?.includes('policy') ? 'gateway/policy' : null;
}

async function policyProbe({ fleet, arm, protocol }: At): Promise<ProbeResult> {
  const report = await arm.agent.control.call('run_slice', order([tooMuch], protocol));
  const { effects, requests } = await fleet.tools.control.call('effects');
  const row = report.calls[0];
  const deniedBy = denierOf(arm);
  const expected = deniedBy
    ? `denied by ${deniedBy}, 0 effects, 0 requests at the tool`
    : 'ok, 1 effects, 1 requests at the tool';
  const got = `${row?.outcome === 'denied' ? `denied by ${row.denied_by}` : row?.outcome}, ${effects.length} effects, ${requests} requests at the tool`;
  const probe = named(`payment of ${maxPayment_cents + 25_000} cents, limit ${maxPayment_cents}`, protocol);
  // What an attached gateway's policy does is recorded, not judged: it is what the user came to see.
  if (isAttached(arm) && arm.spec.controls === 'off')
    return { arm: arm.spec.arm, probe, expected: 'recorded, not judged', got, ok: true };
  return { arm: arm.spec.arm, probe, expected, got, ok: expected === got };
}
