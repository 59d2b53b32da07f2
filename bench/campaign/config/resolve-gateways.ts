/** The attached gateways of a file: gateways that run already, on this machine. */
import { baseUrl, portOf } from './addresses.ts';
import { builtinArms } from './builtin.ts';
import { describeValue, type Report } from './problems.ts';
import type { CampaignFile, GatewayFile } from './schema.ts';
import type { AttachedGateway } from './types.ts';

export function resolveGateways(file: CampaignFile, report: Report): Map<string, AttachedGateway> {
  const gateways = new Map<string, AttachedGateway>();
  for (const [name, given] of Object.entries(file.gateways ?? {})) {
    const path = ['gateways', name];
    if (builtinArms.has(name) || name === 'none') {
      report({ path, found: `the built-in name ${name}`, expected: 'a name of its own', of: 'key' });
    }
    const gateway = attached(given);
    if (portOf(gateway.attach) === gateway.upstream_port) {
      report({
        path: [...path, 'upstream'],
        found: 'the port that attach names',
        expected: 'the port of the tools behind it',
      });
    }
    const first = gateways.values().next().value;
    if (first && first.upstream !== gateway.upstream) {
      const expected = `${first.upstream}, as the first gateway has: the tools listen on one port`;
      report({ path: [...path, 'upstream'], found: describeValue(given.upstream), expected });
    }
    gateways.set(name, gateway);
  }
  return gateways;
}

const attached = (given: GatewayFile): AttachedGateway => ({
  attach: baseUrl(given.attach),
  upstream: baseUrl(given.upstream),
  upstream_port: portOf(given.upstream),
  product: given.product,
  placement: given.placement ?? 'unstated',
  protocol: 'http',
  ...(given.headers ? { headers: given.headers } : {}),
  ...(given.deny ? { deny: given.deny } : {}),
});
