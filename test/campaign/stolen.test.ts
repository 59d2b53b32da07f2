/** A campaign on a machine of which others take the CPU away: by a made-up /proc/stat, since nobody can be made to steal. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { analyse } from '../../bench/analysis/index.ts';
import { parseCampaign } from '../../bench/campaign/config/index.ts';
import { planInputOf } from '../../bench/campaign/input.ts';
import { runCampaign } from '../../bench/campaign/run.ts';
import { Supervisor } from '../../bench/campaign/supervise.ts';
import { workloads } from '../../bench/workloads/index.ts';
import { scratch } from './harness.ts';
import { manifestOf, query } from './killing.ts';

/** A burst comes over the first block, and the second has no quiet round. */
const block = { burst: 0, stolen: 1 } as const;
const place = scratch();
const dir = join(place.dir, 'campaign');

/** Each reading is 0.3 s of two cores after the one before; what was stolen in between is taken from `next`, then `always`. */
class Stat {
  next: number[] = [];
  always = 0;
  #at = { busy: 0, steal: 0, total: 0 };

  readonly read = () => {
    this.#at = { busy: 0, steal: this.#at.steal + (this.next.shift() ?? this.always), total: this.#at.total + 60 };
    return this.#at;
  };
}

before(async () => {
  mkdirSync(dir);
  const text = 'version: 1\nprofile: smoke\nseed: stolen\narms: [direct]\nconditions: [{service: instant}]\n';
  const read = parseCampaign(text);
  const settle = { quiet_s: 1, at_most_ms: 1, between_slices_ms: 30_000, in_a_round_ms: 30_000 };
  const config = { ...read, profile: { ...read.profile, rounds: 8, settle } };
  const stat = new Stat();
  const begun = new Set<number | null>();
  const { status, error } = await runCampaign({
    id: 'stolen',
    config,
    plan: { ...planInputOf(config, workloads, ['latency']), warm_up_slices: 1 },
    dir,
    yaml: text,
    supervisor: new Supervisor({ diagnostics: join(dir, 'diagnostics') }),
    ticks: stat.read,
    progress: {
      step({ block: of, phase }) {
        if (phase !== 'latency' || begun.has(of)) return;
        begun.add(of);
        // A tenth of the first slice; then, while its round waits to be measured again, all of a second.
        if (of === block.burst) stat.next = [6, 0, 60];
      },
      note: () => undefined,
      end: () => undefined,
    },
    stored: () => {
      stat.always = 30;
      settle.between_slices_ms = 1;
    },
    signal: new AbortController().signal,
  });
  assert.equal(status, 'complete', error?.explain());
});
after(() => place.remove());

const recordOf = (number: number) => manifestOf(dir).blocks.find((b) => b.block === number)!;
const steal = (number: number) => recordOf(number).gates.find((g) => g.name === 'CPU steal')!;

test('a round with a burst is measured again once it is over, and the gate is held against what stays', async () => {
  const { waited } = recordOf(block.burst);
  assert.equal(waited!.times, 1);
  // A disturbed second, a pause of two, a quiet second.
  assert.ok(waited!.ms >= 4_000);
  const { ok, value } = steal(block.burst);
  assert.deepEqual([ok, value], [true, 0]);
});

test('what was measured twice is there twice: under its phase, with its traces, in no figure of an arm', async () => {
  const rounds = await query(
    dir,
    `select phase, round, arm, count(*)::int as calls, count(distinct call_id)::int as ids, count(distinct trace_id)::int as traces
     from {calls} where block = ${block.burst} group by all order by phase, round, arm`,
  );
  const slice = { calls: 25, ids: 25, traces: 25 };
  const [first, ...others] = rounds;
  assert.deepEqual({ ...first, arm: '' }, { phase: 'disturbed', round: 0, arm: '', ...slice }, 'it was broken off');
  assert.deepEqual(
    others,
    Array.from({ length: 8 }, (_, round) =>
      ['direct', 'direct-b'].map((arm) => ({ phase: 'latency', round, arm, ...slice })),
    ).flat(),
  );
  const used = await query(dir, `select tier from {resources} where phase = 'disturbed' order by tier`);
  assert.deepEqual(
    used.map((u) => u.tier),
    ['weighbridge-agent', 'weighbridge-tools'],
  );
  const { campaign, arms, distributions } = await analyse(dir, 'digest');
  assert.equal(campaign.waited.disturbed_calls, 25);
  assert.deepEqual(new Set([...arms, ...distributions].map((a) => a.phase)), new Set(['latency']));
  const latency = arms.find((a) => a.arm === 'direct')!;
  assert.equal(latency.calls, 8 * 20, 'warm ones, of the block that is not void');
  assert.deepEqual(latency.correlation.missing, []);
});

test('a block that was never left to itself is void, by the gate’s name', () => {
  assert.deepEqual([steal(block.stolen).ok, steal(block.stolen).value], [false, 0.5]);
  assert.match(recordOf(block.stolen).voided!, /CPU steal: 50 %/);
});
