/** A campaign on a machine of which others take the CPU away: by a made-up /proc/stat, since nobody can be made to steal. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseCampaign } from '../../bench/campaign/config/index.ts';
import { planInputOf } from '../../bench/campaign/input.ts';
import { runCampaign } from '../../bench/campaign/run.ts';
import { Supervisor } from '../../bench/campaign/supervise.ts';
import { workloads } from '../../bench/workloads/index.ts';
import { scratch } from './harness.ts';
import { manifestOf } from './killing.ts';

/** A burst comes over the first block, and the second has no quiet slice. */
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
        // A tenth of one slice; then, while the next one waits, all of a second.
        if (of === block.burst) stat.next = [6, 0, 60, 60];
        else settle.between_slices_ms = 1;
      },
      note: () => undefined,
      end: () => undefined,
    },
    stored: () => {
      stat.always = 30;
    },
    signal: new AbortController().signal,
  });
  assert.equal(status, 'complete', error?.explain());
});
after(() => place.remove());

const recordOf = (number: number) => manifestOf(dir).blocks.find((b) => b.block === number)!;
const steal = (number: number) => recordOf(number).gates.find((g) => g.name === 'CPU steal')!;

test('the slice after a burst waits until it is over, and the gate is held against the rest', () => {
  const { waited } = recordOf(block.burst);
  assert.equal(waited!.times, 1);
  // A disturbed second, a pause of two, a quiet second.
  assert.ok(waited!.ms >= 4_000);
  const { ok, value } = steal(block.burst);
  assert.ok(ok && value! > 0.002, String(value));
});

test('a block that was never left to itself is void, by the gate’s name', () => {
  assert.deepEqual([steal(block.stolen).ok, steal(block.stolen).value], [false, 0.5]);
  assert.match(recordOf(block.stolen).voided!, /CPU steal: 50 %/);
});
