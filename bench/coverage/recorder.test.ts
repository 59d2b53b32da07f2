/** What a recording does between its campaigns; that these run, stop and resume is held against real processes elsewhere. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { WeighbridgeError } from '#contract/errors.ts';
import { formatJson } from '#contract/json.ts';
import { writeSynthetic } from '../analysis/synthetic.ts';
import { parseCampaign } from '../campaign/config/index.ts';
import { blockPlan } from '../campaign/plan.ts';
import type { CampaignOptions } from '../campaign/run.ts';
import { Supervisor } from '../campaign/supervise.ts';
import { equals, hop, increment, partOf, recordedYaml } from './config.ts';
import { judged, mergedParts, type RecordOptions, record } from './recorder.ts';
import { Tally, tallyLine } from './tally.ts';

const place = mkdtempSync(join(tmpdir(), 'weighbridge test '));
after(() => rmSync(place, { recursive: true, force: true }));

const supervisor = new Supervisor();

const stateOf = (dir: string) => JSON.parse(readFileSync(join(dir, 'recording-state.json'), 'utf8'));

/** Stopped before its first block: it writes what it is, and no more. */
async function begun(name: string): Promise<string> {
  const dir = join(place, name);
  await assert.rejects(
    recordIn(dir, { stopped: true }),
    (e: unknown) => e instanceof WeighbridgeError && e.code === 'STOPPED',
  );
  return dir;
}

type Asked = { resume?: boolean; stopped?: boolean; blocks?: number } & Partial<
  Pick<RecordOptions, 'seed' | 'rounds' | 'run'>
>;

function recordIn(dir: string, { resume = false, stopped = false, blocks = 5, ...asked }: Asked): Promise<void> {
  const tally = new Tally(new PassThrough() as unknown as NodeJS.WriteStream, blocks, () => 0);
  const signal = stopped ? AbortSignal.abort() : new AbortController().signal;
  return record({ dir, blocks, seed: 'between', resume, supervisor, signal, tally, ...asked });
}

function addPart(dir: string, part: number, blocks: number, voided: number[]): Promise<void> {
  const place = join(dir, `parts/${String(part).padStart(3, '0')}`);
  mkdirSync(place, { recursive: true });
  return writePart(place, blocks, voided);
}

async function writePart(place: string, blocks: number, voided: number[]): Promise<void> {
  const session = { phase: 'latency' as const, workload: 'tool-chain', condition: 'instant/c1/http', rounds: 1 };
  await writeSynthetic({
    dir: place,
    seed: 's',
    blocks,
    voided,
    arms: [{ arm: 'direct', controls: 'off', gateway: 'none' }],
    sessions: [session],
  });
}

test('the arms are two equals and three placebos, 300 kept calls of each a block, latency alone', () => {
  const { config, plan } = partOf({ seed: 's', blocks: 20 });
  assert.deepEqual(
    config.arms.map((a) => [a.arm, a.delay_ms]),
    [
      ['direct', undefined],
      ['direct-b', undefined],
      ['placebo-0ms', 0],
      ['placebo-7ms', 7],
      ['placebo-8ms', 8],
    ],
  );
  const named = config.arms.map((a) => a.arm);
  for (const { arm, baseline } of [equals, increment, hop]) assert.ok(named.includes(arm) && named.includes(baseline));
  assert.equal(config.profile.rounds * (config.profile.slice_calls - config.profile.lead_in), 300);
  assert.deepEqual(plan.phases, ['latency']);
  assert.equal(plan.blocks, 20);
  assert.deepEqual(
    parseCampaign(recordedYaml).conditions.map((c) => c.name),
    ['instant/c1/http'],
  );
});

test('each part draws calls and orders of its own', () => {
  const first = blockPlan(partOf({ seed: 's/part/0', blocks: 2 }).plan, 0);
  const second = blockPlan(partOf({ seed: 's/part/1', blocks: 2 }).plan, 0);
  assert.notDeepEqual(first.sessions[0]!.rounds, second.sessions[0]!.rounds);
});

test('it ends when enough blocks are kept; void ones do not count', async () => {
  const dir = await begun('enough');
  await addPart(dir, 0, 4, [2]);
  await addPart(dir, 1, 3, []);
  writeFileSync(join(dir, 'recording-state.json'), formatJson({ ...stateOf(dir), parts: [4, 3] }));
  // A crash after the rows were merged leaves what resuming would have needed.
  writeFileSync(join(dir, 'parts/001/progress.json'), '{}');
  await recordIn(dir, { resume: true, blocks: 6 });
  assert.deepEqual(stateOf(dir).parts, [4, 3]);
  assert.ok(!existsSync(join(dir, 'parts/001/progress.json')));
  assert.equal((await mergedParts(dir)).length, 2);
  await assert.rejects(recordIn(dir, { resume: true, stopped: true, blocks: 7 }), /stopped by the user/);
});

/** A campaign on a machine that voids all but some blocks of every part. */
const keeping =
  (kept: number, ran: string[]) =>
  async ({ dir, plan }: CampaignOptions): Promise<{ error: null }> => {
    ran.push(plan.seed);
    const voided = Array.from({ length: plan.blocks }, (_, i) => i).slice(kept);
    await writePart(dir, plan.blocks, voided);
    return { error: null };
  };

test('a machine that voids most of a part ends the recording, and not for good: who resumes has waited', async () => {
  const dir = join(place, 'noisy');
  const ran: string[] = [];
  const noisy = (e: unknown) =>
    e instanceof WeighbridgeError &&
    e.exitCode === 98 &&
    /too noisy now: 3 of the last 12 blocks were kept/.test(e.message) &&
    /wait for a quieter hour/.test(e.mend ?? '');
  await assert.rejects(recordIn(dir, { blocks: 12, run: keeping(3, ran) }), noisy);
  assert.deepEqual(ran, ['between/part/0']);
  await recordIn(dir, { blocks: 12, resume: true, run: keeping(12, ran) });
  assert.deepEqual(ran, ['between/part/0', 'between/part/1']);
  assert.deepEqual(stateOf(dir).parts, [12, 9]);
});

test('a third is enough to go on, and short parts are judged together', () => {
  assert.deepEqual(judged({ kept: 4, voided: 8 }), { kept: 0, voided: 0 });
  assert.throws(() => judged({ kept: 3, voided: 7 }), /3 of the last 10/);
  assert.deepEqual(judged({ kept: 0, voided: 9 }), { kept: 0, voided: 9 });
});

test('however short the parts, it ends on a machine that keeps nothing', async () => {
  const ran: string[] = [];
  await assert.rejects(
    recordIn(join(place, 'nothing'), { blocks: 4, run: keeping(0, ran) }),
    /0 of the last 12 blocks/,
  );
  assert.equal(ran.length, 3);
});

test('what is resumed keeps its seed and rounds: others are refused, and none need be named', async () => {
  const dir = await begun('options');
  const before = readFileSync(join(dir, 'recording-state.json'), 'utf8');
  const resumed = (asked: { seed?: string; rounds?: number }) =>
    recordIn(dir, { resume: true, stopped: true, ...asked });
  const refused = (said: RegExp) => (e: unknown) =>
    e instanceof WeighbridgeError && e.exitCode === 104 && said.test(e.message);
  await assert.rejects(resumed({ seed: 'other' }), refused(/--seed was between, is other/));
  await assert.rejects(resumed({ rounds: 2 }), refused(/--rounds was 15, is 2/));
  for (const asked of [{}, { rounds: 15 }])
    await assert.rejects(resumed(asked), (e: unknown) => e instanceof WeighbridgeError && e.code === 'STOPPED');
  assert.equal(readFileSync(join(dir, 'recording-state.json'), 'utf8'), before);
});

test('another code or machine makes another recording: it is not gone on with', async () => {
  const dir = await begun('another');
  const state = stateOf(dir);
  writeFileSync(
    join(dir, 'recording-state.json'),
    formatJson({ ...state, code: { ...state.code, commit: 'another' }, machine: { ...state.machine, kernel: '0' } }),
  );
  await assert.rejects(
    recordIn(dir, { resume: true, stopped: true }),
    (e: unknown) =>
      e instanceof WeighbridgeError && /code: commit was another/.test(e.message) && /kernel was 0/.test(e.message),
  );
});

test('progress counts kept blocks, tells the pace of this sitting and the time left', () => {
  assert.equal(tallyLine({ kept: 0, voided: 1 }, 220, null), '0 of 220 blocks kept, 1 void · estimating the time left');
  let now_ms = 0;
  const stream = new PassThrough();
  const tally = new Tally(stream as unknown as NodeJS.WriteStream, 10, () => now_ms);
  tally.take({ kept: 3, voided: 1 });
  tally.add({ kept: 1, voided: 0 });
  now_ms = 20_000;
  tally.stored(null);
  tally.stored('CPU steal');
  now_ms = 40_000;
  tally.stored(null);
  const lines = String(stream.read()).trim().split('\n');
  assert.deepEqual(lines, [
    '5 of 10 blocks kept, 1 void · 20.0 s a kept block · about 1 min 40 s left',
    '5 of 10 blocks kept, 2 void · 20.0 s a kept block · about 1 min 40 s left',
    '6 of 10 blocks kept, 2 void · 20.0 s a kept block · about 1 min 20 s left',
  ]);
  // A part that is complete is counted once: what it came to replaces what was counted while it ran.
  tally.take({ kept: 6, voided: 2 });
  assert.match(tally.line, /^6 of 10 blocks kept, 2 void · 20\.0 s/);
});
