/** The system's Chromium, for tests that want a real browser. They say loudly when it is not there. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const binary = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((p) => existsSync(p));

/** Reason to skip; false where the browser is there. */
export const withoutChromium: string | false = binary
  ? false
  : 'SKIPPED: no Chromium on this machine, the page was not opened in a browser';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface BrowserInput {
  /** Ends in .html or .xhtml, which decides how the page is parsed. */
  name: string;
  content: string;
}

/** Opens a page from a file and gives the document as the browser sees it after load. */
export function dumpDom({ name, content }: BrowserInput): string {
  const dir = mkdtempSync(join(tmpdir(), 'weighbridge-page-'));
  try {
    const file = join(dir, name);
    writeFileSync(file, content);
    const profile = `--user-data-dir=${join(dir, 'profile')}`;
    // Virtual time runs until messages and timers have settled, not until a wall clock says so.
    const args = [...flags, profile, '--virtual-time-budget=2000', '--dump-dom', pathToFileURL(file).href];
    return execFileSync(binary!, args, {
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: 64 * 2 ** 20,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * Lays a page out at a width (a window of Chromium is at least 500 px wide, a frame can be narrower), runs the
 * expression in it, and gives its value as text. The page must allow scripts.
 */
export function evaluateAt(content: string, width: number, expression: string): string {
  const probe = `<script>parent.postMessage(String(${expression}),'*')</script></body>`;
  const page = content.replace('</body>', probe).replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const frame = `<!DOCTYPE html><title>waiting</title><script>onmessage=(e)=>{document.title='said '+e.data}</script>
<iframe style="width:${width}px;height:900px;border:0" srcdoc="${page}"></iframe>`;
  const said = /<title>said ([^<]*)<\/title>/.exec(dumpDom({ name: 'frame.html', content: frame }));
  if (!said) throw new Error('the page said nothing');
  return said[1]!;
}
