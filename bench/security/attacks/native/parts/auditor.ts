/** What an auditor reads of an agent's refreshes, with the command that the house has for it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const claw = fileURLToPath(new URL('../../../../../bin/claw.mjs', import.meta.url));

export interface RefreshesRead {
  refreshes: { plugin: string; result: string }[];
  /** Lines that are no record. */
  unreadable: number;
}

/** `claw audit --token-refresh`; nothing where there is no file that it could read. */
export async function auditorReads(file: string | undefined): Promise<RefreshesRead> {
  if (file === undefined || !existsSync(file)) return { refreshes: [], unreadable: 0 };
  const child = spawn(process.execPath, [claw, 'audit', '--token-refresh', '--file', file, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(child, 'close');
  return JSON.parse(text) as RefreshesRead;
}
