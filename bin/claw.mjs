#!/usr/bin/env node
// Plain JavaScript, so that an older Node can still say what is wrong.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `claw needs Node 24 or later; this is ${process.versions.node} (${process.execPath}).\n` +
      'The pinned one comes with `npm ci` and is used by: npx claw …\n',
  );
  process.exit(104);
}
const { claw } = await import('../agents/claw/cli.ts');
process.exitCode = await claw(process.argv.slice(2));
