/**
 * A name that resolves twice: at first to the server that it was declared for, ever after to another one. Who resolves
 * anew for each connection is led astray by the second answer.
 */
import type { Attack } from '../../attack.ts';
import { listen } from '../../means/listener.ts';
import { carryOut, searchAnswer } from './parts/exfiltration.ts';
import { nameServer } from './parts/name-server.ts';

const partner = 'partner.courier.test';
/** At once, so that each needs a connection, and with it the name's address, of its own. */
const calls = 4;

export const exfiltrationRebinding: Attack = {
  id: 'exfiltration-rebinding',
  title: 'A declared name leads to another address the second time',
  capability: 'network_egress',
  claims: [],
  story: false,
  counts_as_stopped: 'not one of the marks arrives at the second address',
  async carryOut(range) {
    await using first = await listen(() => searchAnswer);
    const port = Number(new URL(first.url).port);
    await using second = await listen(() => searchAnswer, '127.0.0.2', port);
    await using dns = await nameServer(partner, ['127.0.0.1', '127.0.0.2']);
    return await carryOut(range, {
      declared: [partner],
      to: Array.from({ length: calls }, () => partner),
      concurrency: calls,
      change: (config) => ({
        ...config,
        name_servers: [dns.address],
        directory: { ...config.directory, [partner]: `http://${partner}:${port}` },
      }),
      arrived: second.heard,
      evidence: () => [
        { where: 'the first address', found: `${first.heard.length} requests` },
        { where: 'the name server', found: `answers for ${partner}: ${dns.given.join(', ')}` },
      ],
      why: {
        kept: 'The agent resolved the name once, when it started, and dials that address.',
        out: 'The agent resolves the name for each connection, and dials whatever comes',
      },
    });
  },
};
