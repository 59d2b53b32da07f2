/** A pilot finds out how many blocks there are to be: at its end, once, whatever interrupts the campaign. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { defaultCampaign } from '../../bench/campaign/config/index.ts';
import { planInputOf } from '../../bench/campaign/input.ts';
import { findCampaign } from '../../bench/campaign/resume.ts';
import { type CampaignResult, runCampaign } from '../../bench/campaign/run.ts';
import { Supervisor } from '../../bench/campaign/supervise.ts';
import { workloads } from '../../bench/workloads/index.ts';
import { scratch } from './harness.ts';
import { manifestOf, query } from './killing.ts';

const place = scratch();
after(() => place.remove());
const dir = join(place.dir, 'campaign');
mkdirSync(dir);

const defaults = defaultCampaign({ profile: 'smoke', arms: ['direct', 'direct-b'], seed: 'pilot' });
const pilot = { blocks: 2, min: 2, precision: { share: 0.1, us: 100 } };
const config = { ...defaults, profile: { ...defaults.profile, blocks: 5, pilot } };
const plan = { ...planInputOf(config, workloads, ['correlation']), warm_up_slices: 1, blocks: 5 };

/** What the pilot's directory held each time it was looked at. */
const looks: { status: string; blocks: number[] }[] = [];
const notes: string[] = [];

/** @param stopAt a block in whose only slice Ctrl-C comes: it is ended, and no other begins */
async function sit(stopAt?: number): Promise<CampaignResult> {
  const found = existsSync(join(dir, 'progress.json')) ? await findCampaign(dir) : null;
  const stop = new AbortController();
  return runCampaign({
    id: 'pilot',
    config,
    plan,
    dir,
    yaml: 'version: 1\n',
    supervisor: new Supervisor(),
    ...(found?.kind === 'unfinished' ? { resume: found.checkpoint } : {}),
    async size(at) {
      const blocks = await query(at, 'select distinct block from {calls} order by block');
      looks.push({ status: manifestOf(at).status, blocks: blocks.map((b) => Number(b.block)) });
      return { blocks: 4, why: 'the test wants it' };
    },
    progress: {
      step: ({ block }) => {
        if (block === stopAt) stop.abort();
      },
      note: (text) => notes.push(text),
      end: () => undefined,
    },
    signal: stop.signal,
  });
}

test('interrupted within the pilot it has no size yet', async () => {
  const { status, blocks } = await sit(0);
  assert.deepEqual([status, blocks, looks.length], ['aborted', 1, 0]);
  assert.equal(manifestOf(dir).plan.pilot, undefined);
});

test('interrupted in its last block it is not looked at either', async () => {
  const { status, blocks } = await sit(1);
  assert.deepEqual([status, blocks, looks.length], ['aborted', 2, 0]);
});

test('at its end it is looked at once, as a campaign that was stopped there; then the rest runs', async () => {
  const { status, blocks } = await sit(2);
  assert.deepEqual([status, blocks], ['aborted', 3]);
  assert.deepEqual(looks, [{ status: 'aborted', blocks: [0, 1] }]);
  assert.ok(notes.includes('after a pilot of 2 blocks: 4 in all, since the test wants it'), notes.join('\n'));
});

test('resumed beyond it, the size stands; the manifest tells how many and why', async () => {
  const { status, blocks, error } = await sit();
  assert.deepEqual([status, blocks, error, looks.length], ['complete', 4, null, 1]);
  const { plan: told, blocks: records } = manifestOf(dir);
  assert.deepEqual([told.blocks, told.pilot], [4, { blocks: 2, why: 'the test wants it' }]);
  assert.deepEqual(
    records.map((b) => b.block),
    [0, 1, 2, 3],
  );
});

test('progress counts blocks as they run: a replacement of the pilot is numbered from the plan’s end', async () => {
  const stolen = join(place.dir, 'stolen');
  mkdirSync(stolen);
  const at = { busy: 0, steal: 0, total: 0 };
  const begun = new Set<number | null>();
  await runCampaign({
    id: 'stolen',
    config: { ...config, profile: { ...config.profile, intervals: true, pilot: { ...pilot, blocks: 1 } } },
    plan,
    dir: stolen,
    yaml: 'version: 1\n',
    supervisor: new Supervisor(),
    size: async () => ({ blocks: 2, why: 'the test wants it' }),
    // Half of all CPU time goes to others.
    ticks() {
      at.steal += 30;
      at.total += 60;
      return { ...at };
    },
    progress: { step: ({ block }) => void begun.add(block), note: () => undefined, end: () => undefined },
    signal: new AbortController().signal,
  });
  assert.deepEqual(
    manifestOf(stolen).blocks.map((b) => b.block),
    [0, 1, 5],
  );
  assert.deepEqual([...begun], [0, 1, 2]);
});
