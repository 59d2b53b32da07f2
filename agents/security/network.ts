/**
 * Restricted network: a plugin reaches only hosts that its manifest names, and a name leads only where the directory
 * pointed when the agent was configured. Names are resolved once and connections made to those addresses, so that a DNS
 * answer that changes later (rebinding) leads nowhere.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Plugin, ToolRequest } from '../plugins/plugin.ts';
import type { Denial } from './denial.ts';

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

const lookupAll = promisify(systemLookup);
export const systemResolve: Resolve = (hostname) => lookupAll(hostname, { all: true });

export interface Network {
  /** Null where the plugin may dial the request's host. */
  denies(plugin: Plugin, request: ToolRequest): Denial | null;
  /** Base URL that stands behind a logical host. */
  baseOf(host: string): string;
  readonly lookup: LookupFunction;
}

type Directory = Readonly<Record<string, string>>;

/** Resolves the directory's hosts and holds to the answers. */
export async function restrictedNetwork(directory: Directory, resolve: Resolve): Promise<Network> {
  const pinned = new Map<string, LookupAddress[]>();
  for (const base of Object.values(directory)) {
    const { hostname } = new URL(base);
    const name = hostname.replace(/^\[|\]$/g, '');
    if (isIP(name) === 0 && !pinned.has(name)) pinned.set(name, await addressesOf(name, resolve));
  }
  return {
    denies: (plugin, { host }) => {
      if (!plugin.manifest.hosts.includes(host)) return denial('undeclared_host');
      return Object.hasOwn(directory, host) ? null : denial('unknown_address');
    },
    baseOf: (host) => directory[host]!,
    lookup: answerFrom((hostname) => {
      const addresses = pinned.get(hostname);
      if (!addresses) throw new Error(`${hostname} is not in the directory`);
      return Promise.resolve(addresses);
    }),
  };
}

const denial = (errorType: string): Denial => ({ deniedBy: 'agent/network', errorType });

/** Whatever host a plugin names is dialled, by the directory where it is in it. */
export function openNetwork(directory: Directory, resolve: Resolve): Network {
  return {
    denies: () => null,
    baseOf: (host) => (Object.hasOwn(directory, host) ? directory[host]! : `http://${host}`),
    lookup: answerFrom(resolve),
  };
}

/** In the shape that `net.connect` calls. */
function answerFrom(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    Promise.resolve()
      .then(() => resolve(hostname))
      .then(
        (addresses) => {
          if (options.all) callback(null, addresses);
          else callback(null, addresses[0]!.address, addresses[0]!.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, []),
      );
  };
}

async function addressesOf(hostname: string, resolve: Resolve): Promise<LookupAddress[]> {
  try {
    const addresses = await resolve(hostname);
    if (addresses.length > 0) return addresses;
  } catch {
    // An unknown name and one without addresses come to the same.
  }
  throw new WeighbridgeError('CONFIG', `the directory names a host that cannot be resolved: ${hostname}`, {
    where: 'directory',
    mend: 'name a host that this machine can resolve, or its address',
  });
}
