/** The system's Chromium, for tests that want a real browser. They say loudly when it is not there. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const binary = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((p) => existsSync(p));

/** Reason to skip; false where the browser is there. */
export const withoutChromium: string | false = binary ? false : 'SKIPPED: no Chromium on this machine, the page was not opened in a browser';

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export interface BrowserInput {
  /** Ends in .html or .xhtml, which decides how the page is parsed. */
  name: string;
  content: string;
  width?: number;
}

/** Opens a page from a file and gives the document as the browser sees it after load. */
export function dumpDom({ name, content, width = 1400 }: BrowserInput): string {
  const dir = mkdtempSync(join(tmpdir(), 'weighbridge-page-'));
  try {
    const file = join(dir, name);
    writeFileSync(file, content);
    const args = [...flags, `--user-data-dir=${join(dir, 'profile')}`, `--window-size=${width},1000`, '--dump-dom', pathToFileURL(file).href];
    return execFileSync(binary!, args, { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 * 2 ** 20, stdio: ['ignore', 'pipe', 'ignore'] });
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}
