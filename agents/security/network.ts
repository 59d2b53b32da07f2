/**
 * Restricted network: a plugin reaches only hosts that its manifest names. A name that the directory maps leads where the
 * directory says; any other leads to public addresses over TLS, or nowhere (norm 32). Names are resolved once, when the
 * agent starts, and connections are made to the very addresses that were checked, so that a DNS answer that changes later
 * (rebinding) leads nowhere.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Plugin, ToolRequest } from '../plugins/plugin.ts';
import type { Denial } from './denial.ts';
import { isPublicAddress } from './public-address.ts';

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

const denial = (errorType: string): Denial => ({ deniedBy: 'agent/network', errorType });
const undeclaredHost = denial('undeclared_host');
const unknownAddress = denial('unknown_address');
const privateAddress = denial('private_address');

/** `/`: what does not begin with it would name a host of its own (absolute form, RFC 9112 §3.2.2). */
const slash = 0x2f;

/** Resolves every host of the directory and of the plugins' manifests, checks the answers and holds to them. */
export async function restrictedNetwork(
  directory: Directory,
  resolve: Resolve,
  plugins: readonly Plugin[],
): Promise<Network> {
  const pinned = new Map<string, LookupAddress[]>();
  const bases = new Map<string, string>();
  const refused = new Map<string, Denial>();
  for (const [host, base] of Object.entries(directory)) {
    const name = nameOf(new URL(base));
    if (isIP(name) === 0 && !pinned.has(name)) pinned.set(name, await directoryAddresses(name, resolve));
    bases.set(host, base);
  }
  for (const host of new Set(plugins.flatMap(({ manifest }) => manifest.hosts))) {
    if (bases.has(host)) continue;
    const route = await publicRoute(host, { pinned, resolve });
    if (typeof route === 'string') bases.set(host, route);
    else refused.set(host, route);
  }
  return {
    denies: (plugin, { host, path }) => {
      if (!plugin.manifest.hosts.includes(host) || path.charCodeAt(0) !== slash) return undeclaredHost;
      return bases.has(host) ? null : (refused.get(host) ?? unknownAddress);
    },
    baseOf: (host) => bases.get(host)!,
    lookup: answerFrom((hostname) => {
      const addresses = pinned.get(hostname);
      if (!addresses) throw new Error(`${hostname} was not resolved when the agent started`);
      return Promise.resolve(addresses);
    }),
  };
}

/** Where a host leads that the directory does not map: its public base URL, or why there is none. */
async function publicRoute(
  host: string,
  { pinned, resolve }: { pinned: Map<string, LookupAddress[]>; resolve: Resolve },
): Promise<string | Denial> {
  const url = hostUrl(host);
  if (!url) return unknownAddress;
  const name = nameOf(url);
  if (isIP(name) !== 0) return isPublicAddress(name) ? url.origin : privateAddress;
  const addresses = pinned.get(name) ?? (await addressesOf(name, resolve));
  if (addresses.length === 0) return unknownAddress;
  // One private answer among public ones is enough: which of them is dialled is not ours to choose.
  if (!addresses.every(({ address }) => isPublicAddress(address))) return privateAddress;
  pinned.set(name, addresses);
  return url.origin;
}

/**
 * The URL of a manifest's host, a name or an address with or without a port; undefined where it is more than that. WHATWG
 * URL reads decimal, octal, hex and short forms of IPv4 addresses as what they are.
 */
function hostUrl(host: string): URL | undefined {
  return /^[\w.:[\]-]+$/.test(host) && URL.canParse(`https://${host}`) ? new URL(`https://${host}`) : undefined;
}

/** Without the brackets of an IPv6 address. */
const nameOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

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

/** None where the name is unknown. */
async function addressesOf(hostname: string, resolve: Resolve): Promise<LookupAddress[]> {
  try {
    return await resolve(hostname);
  } catch {
    // An unknown name and one without addresses come to the same.
    return [];
  }
}

async function directoryAddresses(hostname: string, resolve: Resolve): Promise<LookupAddress[]> {
  const addresses = await addressesOf(hostname, resolve);
  if (addresses.length > 0) return addresses;
  throw new WeighbridgeError('CONFIG', `the directory names a host that cannot be resolved: ${hostname}`, {
    where: 'directory',
    mend: 'name a host that this machine can resolve, or its address',
  });
}
