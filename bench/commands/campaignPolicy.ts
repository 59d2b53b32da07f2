/** A campaign's calls held against both sides' policies: the agent's manifests, and each gateway that the campaign has. */
import type { PolicyComparison } from '#contract/policyDiff.ts';
import { maxPayment_cents, toolsHost } from '../campaign/fleet.ts';
import type { ComparePolicies } from '../campaign/policies.ts';
import { type ComparedGateway, compareGateway, compilePolicy, withApprovals } from '../policy/index.ts';
import { manifestsIn, shippedPlugins } from '../security/manifests.ts';
import { attackedApproval } from '../security/settings.ts';
import { gatewaySide } from './policyGateway.ts';

const agent = 'agent';

const units = (cents: number): string => (cents / 100).toFixed(2);

/** None where no arm has a gateway of ours with its policy on; of an attached one the rules are not known here. */
export const comparePolicies: ComparePolicies = async ({ arms, planned, attacked, at_ms }) => {
  if (!arms.some(({ gateway, without }) => gateway === 'gateway' && !without?.includes('policy'))) return [];
  const manifests = manifestsIn(shippedPlugins);
  const { cedar: permits, native } = compilePolicy(manifests);
  const common = { manifests, agent, overlays: [], max_payment_cents: maxPayment_cents };
  const gateways = [timed(common), ...(attacked ? [withEverythingOn({ ...common, permits })] : [])];
  const campaign = { native, workloads: planned, agent, host: toolsHost, at_ms };
  return gateways.map((gateway): PolicyComparison => compareGateway(gateway, campaign));
};

type SideOptions = Parameters<typeof gatewaySide>[0];

const timed = (options: SideOptions): ComparedGateway => ({
  gateway: 'timed',
  rules: `Its own permit (whatever the agent’s scopes cover) and its payment limit of ${units(maxPayment_cents)}.`,
  side: gatewaySide(options),
  beyond_a_call: [
    {
      control: 'rate_limit',
      why: 'it counts calls over time; in the timed phases it is set so high that it refuses none',
    },
  ],
});

const withEverythingOn = (options: SideOptions): ComparedGateway => ({
  gateway: 'attacked',
  rules: `Permits compiled from the plugins’ manifests, its payment limit of ${units(maxPayment_cents)}, and a human for deletions and for payments above ${units(attackedApproval.pay_above_cents)}.`,
  side: withApprovals(gatewaySide(options), attackedApproval),
  beyond_a_call: [
    { control: 'rate_limit', why: 'it counts calls over time' },
    { control: 'budget', why: 'it counts what the agent has spent before' },
    { control: 'second_factor', why: 'it asks for a one-time code, which is no part of a planned call' },
  ],
});
