/**
 * One campaign that meets a failure in each of its sittings, always in its second block: the first is kept through all
 * of them, and in the end it is as complete as any.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import type { WeighbridgeError } from '#contract/errors.ts';
import { defaultCampaign } from '../../bench/campaign/config/index.ts';
import { planInputOf } from '../../bench/campaign/input.ts';
import { findCampaign } from '../../bench/campaign/resume.ts';
import { type CampaignResult, runCampaign } from '../../bench/campaign/run.ts';
import { workloads } from '../../bench/workloads/index.ts';
import { childrenOf, scratch } from './harness.ts';
import { manifestOf, query } from './killing.ts';
import { Watching } from './watching.ts';

const place = scratch();
after(() => place.remove());
const dir = join(place.dir, 'campaign');

/** Two blocks of four short rounds on three arms. */
const defaults = defaultCampaign({ profile: 'smoke', arms: ['direct', 'direct-b', 'passthrough'], seed: 'failures' });
const config = {
  ...defaults,
  conditions: defaults.conditions.slice(0, 1),
  profile: { ...defaults.profile, rounds: 4 },
};
const plan = { ...planInputOf(config, workloads, ['latency']), warm_up_slices: 1 };

/**
 * @param meet called once, between two slices of the second block
 * @param env of every tier
 * @param limit_s of the sitting
 */
async function sit(
  meet?: (supervisor: Watching) => void,
  env?: ReturnType<Watching['envOf']>,
  limit_s: number | null = null,
): Promise<CampaignResult> {
  // Enough for what takes milliseconds, also on a machine where other tests run.
  const supervisor = new Watching({ diagnostics: join(dir, 'diagnostics'), controlDeadline_ms: 10_000 });
  supervisor.envOf = () => env;
  const found = existsSync(join(dir, 'progress.json')) ? await findCampaign(dir) : null;
  let met = false;
  const result = await runCampaign({
    id: 'failures',
    config: { ...config, profile: { ...config.profile, max_duration_s: limit_s } },
    plan,
    dir,
    yaml: 'version: 1\n',
    supervisor,
    ...(found?.kind === 'unfinished' ? { resume: found.checkpoint } : {}),
    slice_deadline_ms: 4_000,
    progress: {
      step: ({ block }) => {
        if (block !== 1 || met) return;
        met = true;
        meet?.(supervisor);
      },
      note: () => undefined,
      end: () => undefined,
    },
    signal: new AbortController().signal,
  });
  assert.deepEqual(childrenOf(process.pid), [], 'no process is left');
  return result;
}

const kill = (name: string, signal: NodeJS.Signals) => (supervisor: Watching) =>
  void process.kill(supervisor.pids.get(name)!, signal);

/** The first block is whole, reported as aborted, and kept for the next sitting. */
function assertKept(result: CampaignResult): WeighbridgeError {
  const { status, blocks, merged, error } = result;
  assert.deepEqual({ status, blocks, merged }, { status: 'aborted', blocks: 1, merged: true }, error?.explain());
  assert.deepEqual(readdirSync(join(dir, 'blocks')), ['000']);
  const { status: said, blocks: reported } = manifestOf(dir);
  assert.deepEqual([said, reported.map((b) => b.block)], ['aborted', [0]]);
  return error!;
}

test('the collector dies within a block: a typed error with its last words, the whole block kept', async () => {
  mkdirSync(dir);
  const result = await sit((supervisor) => {
    // Node says on stderr that it writes a report: so it has last words.
    kill('collector', 'SIGUSR2')(supervisor);
    setTimeout(() => kill('collector', 'SIGKILL')(supervisor), 300);
  });
  const error = assertKept(result);
  assert.deepEqual([error.code, error.where], ['TIER_DEAD', 'collector']);
  assert.match(error.message, /^collector ended \(SIGKILL\) and last said:\n.*report/s);
});

test('an agent dies within a slice: the error names its arm', async () => {
  const error = assertKept(await sit(kill('agent of direct-b', 'SIGKILL')));
  assert.equal(error.code, 'TIER_DEAD');
  assert.match(error.message, /^agent of direct-b ended \(SIGKILL\)/);
});

test('a gateway dies: the error names its arm, whoever noticed first', async () => {
  const error = assertKept(await sit(kill('gateway of passthrough', 'SIGKILL')));
  assert.equal(error.code, 'TIER_DEAD');
  assert.match(error.message, /^gateway of passthrough ended \(SIGKILL\)/);
});

for (const [name, slug] of [
  ['agent of passthrough', 'agent-of-passthrough'],
  ['tool services', 'tool-services'],
  ['collector', 'collector'],
] as const) {
  test(`${name} hangs: a deadline, 102, and its stack in the directory`, async () => {
    const error = assertKept(await sit(kill(name, 'SIGSTOP')));
    assert.deepEqual([error.code, error.exitCode, error.where], ['DEADLINE', 102, name]);
    assert.match(error.message, new RegExp(`${name} does not answer \\(state T \\(stopped\\)\\); its stack: `));
    const file = readdirSync(join(dir, 'diagnostics')).find((f) => f.startsWith(slug));
    assert.ok(file && error.message.includes(basename(file)));
    const report = JSON.parse(readFileSync(join(dir, 'diagnostics', file), 'utf8'));
    assert.ok(report.javascriptStack && report.libuv.length > 0);
    assert.equal(report.environmentVariables, undefined);
  });
}

test('a sitting that takes longer than its limit: 102 before the next block, and no figure is touched', async () => {
  const error = assertKept(await sit(undefined, undefined, 0));
  assert.deepEqual([error.code, error.exitCode, error.where], ['DEADLINE', 102, 'profile.max_duration']);
  assert.match(error.message, /longer than its limit of 0 s/);
});

test('left alone but for the wall clock, set back by a day, it is complete: every call once, each sitting told', async (t) => {
  const day_ms = 86_400_000;
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const stepBack = ({ pids }: Watching): void => {
    for (const pid of pids.values()) process.kill(pid, 'SIGWINCH');
    t.mock.timers.setTime(Date.now() - day_ms);
  };
  const env = { NODE_OPTIONS: `--import=${new URL('./clock-step.ts', import.meta.url)}` };
  const { status, blocks, error } = await sit(stepBack, env);
  assert.deepEqual({ status, blocks, error }, { status: 'complete', blocks: 2, error: null });
  const { resumed, started, ended, duration_s } = manifestOf(dir);
  const apart_s = (Date.parse(ended) - Date.parse(started)) / 1_000;
  assert.ok(duration_s > 0 && duration_s <= Math.ceil(apart_s), `${duration_s} s of ${apart_s}`);
  const times = await query(
    dir,
    'select min(latency_ns) shortest, (max(end_ns) - min(due_ns)) / 1e9 s from {calls} where block = 1',
  );
  assert.ok(Number(times[0]!.shortest) > 0 && Number(times[0]!.s) < apart_s);
  assert.deepEqual(
    resumed!.map((r) => [r.after, r.blocks_kept]),
    ['TIER_DEAD', 'TIER_DEAD', 'TIER_DEAD', 'DEADLINE', 'DEADLINE', 'DEADLINE', 'DEADLINE'].map((after) => [after, 1]),
  );
  const [calls] = await query(
    dir,
    "select count(*) n, count(distinct (block, arm, call_id)) d, count(*) filter (outcome = 'ok') ok from {calls}",
  );
  const expected = 2 * 4 * 3 * config.profile.slice_calls;
  assert.deepEqual([calls!.n, calls!.d, calls!.ok].map(Number), [expected, expected, expected]);
});
