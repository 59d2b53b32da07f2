/** Names resolved by name servers of one's own, instead of the system's way. */
import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Resolve } from './network.ts';

/** Of one question to one server. */
const question_ms = 5_000;
const tries = 2;

/**
 * @param servers addresses, with a port or without
 * @throws WeighbridgeError CONFIG where one is no address
 */
export function resolveBy(servers: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: question_ms, tries });
  try {
    resolver.setServers(servers);
  } catch {
    throw new WeighbridgeError('CONFIG', 'a name server is given by its address', {
      where: 'name_servers',
      mend: 'for example 192.0.2.53 or 192.0.2.53:5353',
    });
  }
  return async (hostname) => {
    const family = isIP(hostname);
    if (family !== 0) return [{ address: hostname, family }];
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses: LookupAddress[] = [
      ...(v4.status === 'fulfilled' ? v4.value : []).map((address) => ({ address, family: 4 })),
      ...(v6.status === 'fulfilled' ? v6.value : []).map((address) => ({ address, family: 6 })),
    ];
    if (addresses.length > 0) return addresses;
    throw v4.status === 'rejected' ? v4.reason : Object.assign(new Error('no addresses'), { code: 'ENODATA' });
  };
}
