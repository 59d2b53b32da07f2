/**
 * A plugin whose manifest names a private address, plainly or in disguise, or a name that leads to one. What a publisher
 * declares is not what the operator's own network is open to.
 */
import type { Attack } from '../../attack.ts';
import { listen } from '../../means/listener.ts';
import { carryOut, searchAnswer } from './parts/exfiltration.ts';
import { nameServer } from './parts/name-server.ts';

const name = 'inside.courier.test';

export const exfiltrationPrivateAddress: Attack = {
  id: 'exfiltration-private-address',
  title: 'A plugin dials a private address that its manifest declares',
  capability: 'network_egress',
  claims: [],
  story: false,
  counts_as_stopped: 'not one of the marks arrives at the private address',
  async carryOut(range) {
    await using inside = await listen(() => searchAnswer);
    await using dns = await nameServer(name, ['127.0.0.1']);
    const { port } = new URL(inside.url);
    const hosts = ['127.0.0.1', '0x7f000001', name].map((host) => `${host}:${port}`);
    return await carryOut(range, {
      declared: hosts,
      to: hosts,
      change: (config) => ({ ...config, name_servers: [dns.address] }),
      arrived: inside.heard,
      why: {
        kept: 'The agent looks at the address behind each declared host, and dials public ones alone.',
        out: 'Nobody looks at the address behind a host',
      },
    });
  },
};
