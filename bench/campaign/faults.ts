/** Faults of a lifecycle session: revocations that are injected, and expiries that are lived through. */
import type { Manifest } from '#contract/manifest.ts';
import type { ArmTiers, Fleet } from './fleet.ts';
import type { PlannedFault, SessionPlan } from './plan.ts';

type Fault = Manifest['blocks'][number]['faults'][number];

/**
 * Has the authority revoke an arm's tokens on the fault's leg as soon as it has fetched fresh ones. Whether it meets a
 * revocation would otherwise hang on its place in the rounds, and on how busy the machine is: a token that has ended by itself
 * meets none. Null where the arm has no such leg. `epoch_ns` reads the clock.
 */
export async function revoke(
  { auth }: Fleet,
  arm: ArmTiers,
  { leg, round }: PlannedFault,
  epoch_ns: () => bigint,
): Promise<Fault | null> {
  const client_id = leg === 'agent' ? arm.client_id : arm.vault_client_id;
  if (!client_id) return null;
  await (leg === 'agent' ? arm.agent : arm.gateway)?.control.call('renew');
  await auth.control.call('revoke', { client_id });
  return { arm: arm.spec.arm, leg, kind: 'revoked', round, at_ns: String(epoch_ns()) };
}

/** Nominally one expiry per lifetime since the session began, on each leg of each arm; none where tokens outlive it. */
export function expiriesOf(arms: Iterable<ArmTiers>, session: SessionPlan, started_epoch_ns: bigint): Fault[] {
  const ttl_ms = session.access_token_ttl_ms;
  if (ttl_ms === null) return [];
  const every_ms = session.round_every_ms ?? ttl_ms;
  const last_ms = (session.rounds.length - 1) * every_ms;
  const known = [...arms];
  const faults: Fault[] = [];
  for (let at_ms = ttl_ms; at_ms <= last_ms; at_ms += ttl_ms) {
    const at_ns = String(started_epoch_ns + BigInt(Math.round(at_ms * 1e6)));
    for (const arm of known) {
      const common = { arm: arm.spec.arm, kind: 'expired' as const, round: Math.ceil(at_ms / every_ms), at_ns };
      faults.push({ ...common, leg: 'agent' });
      if (arm.vault_client_id) faults.push({ ...common, leg: 'gateway' });
    }
  }
  return faults;
}
