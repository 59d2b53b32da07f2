/** A plugin whose manifest names the tools' host alone is sent to another one, with data in hand. */
import { toolsHost } from '../../../campaign/fleet.ts';
import type { Attack } from '../../attack.ts';
import { listen } from '../../means/listener.ts';
import { carryOut, searchAnswer } from './parts/exfiltration.ts';

export const exfiltrationUndeclaredHost: Attack = {
  id: 'exfiltration-undeclared-host',
  title: 'A plugin carries data out to a host that its manifest does not name',
  capability: 'network_egress',
  claims: [],
  story: false,
  counts_as_stopped: 'not one of the marks arrives at the other host',
  async carryOut(range) {
    await using outside = await listen(() => searchAnswer);
    const { host, port } = new URL(outside.url);
    return await carryOut(range, {
      declared: [toolsHost],
      to: [host, `localhost:${port}`],
      arrived: outside.heard,
      why: {
        kept: 'The agent holds the plugin to the hosts of its manifest.',
        out: 'The agent dials whatever host a plugin names',
      },
    });
  },
};
