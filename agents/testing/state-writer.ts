/** For tests, a process that replaces a state over and over until it is killed: always 100,000 times the same letter. */
import { plainSeal, StateFile } from '../security/state-file.ts';

const file = new StateFile(process.argv[2]!, plainSeal);
for (let i = 0; ; i++) {
  await file.replace(String.fromCharCode(97 + (i % 26)).repeat(100_000), 'unknown');
  process.stdout.write('.');
}
