/**
 * Twenty times kill -9 at random moments of short campaigns, resumed each time, and each campaign held against one that
 * ran through. Run it by hand: `node test/campaign/resume.soak.ts [seed]`; it takes about four minutes.
 */
import { join } from 'node:path';
import { seededRandom } from '#contract/random.ts';
import { scratch, weighbridge } from './harness.ts';
import { assertWhole, discard, manifestOf, runKilled, shortCampaign } from './killing.ts';

const kills = 20;
/** So that a campaign dies a few times before it is complete, and the moments fall into all of it. */
const killsPerCampaign = 5;
/** About what an undisturbed one takes on a quiet machine. */
const span_ms = 7_000;

const seed = process.argv[2] ?? '1';
const random = seededRandom(`soak/${seed}`);
const place = scratch();
try {
  const args = [...shortCampaign, '--seed', seed];
  const reference = join(place.dir, 'reference');
  const { code, stderr } = await weighbridge(['run', ...args, '--out', reference]);
  if (code !== 0) throw new Error(stderr);
  for (let killed = 0, campaign = 1; killed < kills; campaign++) {
    const dir = join(place.dir, `campaign-${campaign}`);
    const left = Math.min(killsPerCampaign, kills - killed);
    const ran = await runKilled(dir, args, { random, kills: left, span_ms });
    if (ran.ended.code !== 0) throw new Error(ran.ended.stderr);
    await assertWhole(dir, reference);
    killed += ran.killed;
    const resumed = manifestOf(dir).resumed?.length ?? 0;
    process.stdout.write(
      `campaign ${campaign}: killed ${ran.killed} times, resumed ${resumed} times, whole; ${killed} of ${kills}\n`,
    );
    discard(dir);
  }
} finally {
  place.remove();
}
