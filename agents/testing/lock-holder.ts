/**
 * For tests, a process that takes a lock: `count` adds to a number in a file, round after round, by a read and a write
 * that would lose each other's work; `hold` says so and keeps the lock until it is killed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { ProcessLock } from '../security/process-lock.ts';

const [how, path, counter, rounds] = process.argv.slice(2) as [string, string, string, string];
const lock = new ProcessLock(path);
if (how === 'hold') {
  await lock.hold(async () => {
    process.stdout.write('held\n');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  });
}
for (let i = 0; i < Number(rounds); i++) {
  await lock.hold(async () => {
    const before = Number(readFileSync(counter, 'utf8'));
    await new Promise(setImmediate);
    writeFileSync(counter, String(before + 1));
  });
}
