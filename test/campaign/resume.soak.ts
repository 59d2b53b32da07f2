/**
 * Twenty times kill -9 at random moments of campaigns of the smoke size, resumed each time, and each campaign held against
 * its plan and against one that ran through. Run it by hand: `node test/campaign/resume.soak.ts [seed]`; it takes about a
 * quarter of an hour on two quiet cores. A test (resume.test.ts) does the same a few times with fewer phases.
 */
import { join } from 'node:path';
import { seededRandom } from '#contract/random.ts';
import { scratch, weighbridge } from './harness.ts';
import { assertWhole, discard, manifestOf, runKilled } from './killing.ts';

const kills = 20;
/** So that a campaign dies a few times before it is complete, and the moments fall into all of it. */
const killsPerCampaign = 5;
/** A sitting that has little left to do is over soon, and early moments find a block that is about to start. */
const early_ms = 4_000;

const seed = process.argv[2] ?? '1';
const random = seededRandom(`soak/${seed}`);
const place = scratch();
const say = (text: string): void => void process.stdout.write(`${text}\n`);
try {
  const args = ['--profile', 'smoke', '--phases', 'latency,load,lifecycle,correlation', '--arms', 'direct,gateway'];
  args.push('--seed', seed);
  const reference = join(place.dir, 'reference');
  const started_ms = performance.now();
  const { code, stderr } = await weighbridge(['run', ...args, '--out', reference]);
  if (code !== 0) throw new Error(stderr);
  const span_ms = performance.now() - started_ms;
  say(`seed ${seed}: undisturbed it takes ${Math.round(span_ms / 1_000)} s`);
  for (let killed = 0, campaign = 1; killed < kills; campaign++) {
    const dir = join(place.dir, `campaign-${campaign}`);
    const left = Math.min(killsPerCampaign, kills - killed);
    const ran = await runKilled(dir, args, { random, kills: left, spans_ms: [span_ms, span_ms / 2, early_ms] });
    if (ran.ended.code !== 0) throw new Error(ran.ended.stderr);
    await assertWhole(dir, reference);
    killed += ran.killed;
    const resumed = manifestOf(dir).resumed?.length ?? 0;
    say(`campaign ${campaign}: killed ${ran.killed} times, resumed ${resumed} times, whole; ${killed} of ${kills}`);
    discard(dir);
  }
} finally {
  place.remove();
}
