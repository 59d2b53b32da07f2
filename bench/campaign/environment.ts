/** What a campaign ran on and with: read once, before anything is measured. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Manifest } from '#contract/manifest.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

const firstLine = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').split('\n')[0]!.trim();
  } catch {
    return 'unknown';
  }
};

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function git(...args: string[]): Promise<string | null> {
  try {
    return (await run('git', ['-C', root, ...args])).stdout.trim();
  } catch {
    return null;
  }
}

/** `hypervisor` where the CPU says that it is a virtual one. */
function virtualization(): string {
  try {
    return /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8')) ? 'virtual machine' : 'none seen';
  } catch {
    return 'unknown';
  }
}

/** Ours, from package.json. */
export const version = (JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }).version;

export async function environment(): Promise<Pick<Manifest, 'weighbridge' | 'runtime' | 'environment'>> {
  const [commit, status, lockfile, binary] = await Promise.all([
    git('rev-parse', 'HEAD'),
    git('status', '--porcelain', '--untracked-files=no'),
    sha256(`${root}package-lock.json`),
    sha256(process.execPath),
  ]);
  const processors = cpus();
  return {
    weighbridge: {
      version,
      commit: commit ?? 'unknown',
      dirty: status === null || status !== '',
      lockfile_sha256: lockfile,
    },
    runtime: { node: process.version, binary_sha256: binary, v8: process.versions.v8 },
    environment: {
      cpu: processors[0]?.model.trim() ?? 'unknown',
      cores: processors.length,
      memory_mib: Math.round(totalmem() / 2 ** 20),
      kernel: release(),
      os: type(),
      governor: firstLine('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
      virtualization: virtualization(),
      clock_source: firstLine('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    },
  };
}
