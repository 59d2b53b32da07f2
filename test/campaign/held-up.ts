/**
 * Loaded into a tier before its own code (`node --import`): its event loop is held up now and then, wherever it happens to
 * read the clock, and so between two calls as well as within one.
 */
import { seededRandom } from '#contract/random.ts';

const held_ms = 12;
/** Of all readings: a call takes about ten. */
const share = 1 / 6;
/** Then it has been held up for five seconds, and a step of thousands of calls comes to its end. */
const most = 400;

const random = seededRandom('held up');
const nobody = new Int32Array(new SharedArrayBuffer(4));
const read = process.hrtime.bigint;
let times = 0;
process.hrtime.bigint = () => {
  if (times < most && random.next() < share) {
    times++;
    Atomics.wait(nobody, 0, 0, held_ms);
  }
  return read();
};
