/**
 * What has to be the same for two parts of a campaign to be one: plan, configuration, the code that measures, and the
 * machine. Nothing of it changes with a reboot.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '#contract/manifest.ts';
import type { Identity } from './checkpoint.ts';
import type { CampaignConfig } from './config/types.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Everything that runs while raw data is made. What is derived from it can be rebuilt by any release. */
const measuring = [
  'agents',
  'collectors',
  'gateway',
  ...['campaign', 'contract', 'load', 'testbed', 'workloads'].map((r) => `bench/${r}`),
];

/** MemTotal is what the kernel left over at its start: it differs by a little from boot to boot. */
const memoryTolerance = 0.01;

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** A commit says nothing of what was edited since; and there may be none. */
function sourceDigest(): string {
  const hash = createHash('sha256');
  for (const room of measuring) {
    const files = readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|sql|json)$/.test(name) && !name.endsWith('.test.ts'))
      .sort();
    for (const name of files) hash.update(`${room}/${name}\0${sha256(readFileSync(join(root, room, name)))}\n`);
  }
  return hash.digest('hex');
}

/** machine-id(5) is confidential: only its digest is noted. `unknown` where the machine has none. */
function machineId(): string {
  for (const file of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      const id = readFileSync(file, 'utf8').trim();
      if (id !== '') return sha256(`weighbridge ${id}`).slice(0, 16);
    } catch {
      // The other may be there.
    }
  }
  return 'unknown';
}

export function identityOf(
  config: CampaignConfig,
  plan: string,
  { weighbridge, runtime, environment }: Pick<Manifest, 'weighbridge' | 'runtime' | 'environment'>,
): Identity {
  // How long a sitting may take and who signs shape no figure: whoever was stopped by the limit may raise it.
  const { sign: _, ...shaping } = config;
  const { max_duration_s: __, ...profile } = config.profile;
  return {
    plan,
    configuration: Object.fromEntries(
      Object.entries({ ...shaping, profile }).map(([key, value]) => [key, sha256(JSON.stringify(value) ?? 'absent')]),
    ),
    code: {
      version: weighbridge.version,
      commit: weighbridge.commit,
      source: sourceDigest(),
      lockfile: weighbridge.lockfile_sha256,
      'node binary': runtime.binary_sha256,
    },
    machine: { ...environment, id: machineId() },
  };
}

/** What differs, a line each: `machine: kernel was 6.1, is 6.2`. Empty where a campaign may go on. */
export function differences(was: Identity, is: Identity): string[] {
  const lines: string[] = [];
  const keys = (a: object, b: object): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])];
  for (const key of keys(was.code, is.code)) {
    if (was.code[key] !== is.code[key])
      lines.push(`code: ${key} was ${short(was.code[key])}, is ${short(is.code[key])}`);
  }
  const changed = keys(was.configuration, is.configuration).filter((k) => was.configuration[k] !== is.configuration[k]);
  for (const key of changed) lines.push(`configuration: ${key} is not what it was`);
  // The plan follows from configuration and code; told apart where it alone differs (other phases).
  if (was.plan !== is.plan && lines.length === 0) {
    lines.push(`plan: its digest was ${short(was.plan)}, is ${short(is.plan)} (other --phases?)`);
  }
  for (const key of keys(was.machine, is.machine)) {
    if (!same(key, was.machine[key], is.machine[key])) {
      lines.push(`machine: ${key} was ${was.machine[key] ?? 'unknown'}, is ${is.machine[key] ?? 'unknown'}`);
    }
  }
  return lines;
}

const short = (text: string | undefined): string => (text === undefined ? 'absent' : text.slice(0, 12));

function same(key: string, was: string | number | undefined, is: string | number | undefined): boolean {
  if (key !== 'memory_mib' || typeof was !== 'number' || typeof is !== 'number') return was === is;
  return Math.abs(was - is) <= memoryTolerance * was;
}
