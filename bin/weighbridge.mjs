#!/usr/bin/env node
import { fileURLToPath } from 'node:url';

// The pinned Node runs TypeScript by itself; an older one could not even parse what follows, so it is turned away here.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(`CONFIG: Weighbridge runs on the Node 24 that it pins, not on ${process.version}.`);
  console.error(
    '  mend:  run `npm ci` once, then start it through npm: `npx weighbridge …` (npm puts the pinned Node first on PATH)',
  );
  process.exit(104);
}
const { enableCompileCache } = await import('node:module');
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)));
const { main } = await import('../bench/cli.ts');
await main(process.argv.slice(2));
