/** What the doctor tries out: ports on the loopback, and programs that a machine may have. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { delimiter, join } from 'node:path';
import { parseVersion } from './proc.ts';
import type { Optional } from './readings.ts';

/** Listens on so many ports of 127.0.0.1 at once, chosen by the system; how many were to be had. */
export async function bindPorts(asked: number): Promise<number> {
  const servers: Server[] = [];
  try {
    for (let i = 0; i < asked; i++) {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      servers.push(server);
    }
  } catch {
    // The count says it.
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return servers.length;
}

/** What each is good for; none is needed for a campaign. */
const programs: readonly { names: string[]; flag: string; used_for: string }[] = [
  { names: ['nginx'], flag: '-v', used_for: 'a gateway to compare with, in npm run bench' },
  { names: ['haproxy'], flag: '-v', used_for: 'a gateway to compare with, in npm run bench' },
  { names: ['chromium', 'chromium-browser', 'google-chrome'], flag: '--version', used_for: 'tests of the report page' },
  { names: ['wrk'], flag: '-v', used_for: 'a second opinion on load' },
];

export const optionalPrograms = (): Promise<Optional[]> =>
  Promise.all(
    programs.map(async ({ names, flag, used_for }) => {
      const file = await findProgram(names);
      return { program: names[0]!, version: file === null ? null : await versionOf(file, flag), used_for };
    }),
  );

/** Servers stand in `sbin`, which a user's PATH often lacks. */
async function findProgram(names: readonly string[]): Promise<string | null> {
  const dirs = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'].filter((d) => d !== '');
  for (const name of names) {
    for (const dir of dirs) {
      const file = join(dir, name);
      if (
        await access(file, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return file;
    }
  }
  return null;
}

const patience_ms = 5_000;

/** Some say it on stderr, and some with an exit code; `unknown` where none is to be made out. */
const versionOf = (file: string, flag: string): Promise<string> =>
  new Promise((resolve) => {
    execFile(file, [flag], { timeout: patience_ms, killSignal: 'SIGKILL' }, (_, stdout, stderr) =>
      resolve(parseVersion(stdout) ?? parseVersion(stderr) ?? 'unknown'),
    );
  });
