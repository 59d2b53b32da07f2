/** What an outcome carries that is not its own: the calibration of another campaign. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { HeldCalibration } from '#contract/calibration.ts';
import { campaigns, latency } from './analysis/testing.ts';
import { verifyDirectory } from './integrity/index.ts';
import { buildOutcome } from './outcome.ts';

const { campaign, root } = campaigns();
const read = (dir: string, name: string): string => readFileSync(join(dir, name), 'utf8');

/** With their outcomes: a calibration of one increment, and a campaign that is none. */
async function make(): Promise<string[]> {
  const place = { blocks: 1, sessions: [{ ...latency, rounds: 2 }] };
  const placebo = (arm: string, delay_us: number) => ({
    arm,
    controls: 'off' as const,
    gateway: 'passthrough' as const,
    delay_us,
  });
  const { dir: source } = await campaign({ ...place, arms: [placebo('p-0', 0), placebo('p-0-25', 250)] });
  const { dir: carrier } = await campaign(place);
  for (const dir of [source, carrier]) await buildOutcome(dir);
  return [source, carrier];
}

let made: Promise<string[]> | undefined;
let copies = 0;
/** Copies of the two for a test of its own. */
async function both(): Promise<{ source: string; carrier: string }> {
  made ??= make();
  const [source, carrier] = (await made).map((dir) => {
    const copy = join(root(), `copy ${copies++}`);
    cpSync(dir, copy, { recursive: true });
    return copy;
  });
  return { source: source!, carrier: carrier! };
}

describe('a calibration', () => {
  it('is written beside the analysis, made again where it was changed, and not there in other campaigns', async () => {
    const { source, carrier } = await both();
    const found = read(source, 'calibration.json');
    assert.equal(JSON.parse(found).increments.length, 2);
    writeFileSync(join(source, 'calibration.json'), 'lost');
    await buildOutcome(source);
    assert.equal(read(source, 'calibration.json'), found);
    assert.throws(() => read(carrier, 'calibration.json'), { code: 'ENOENT' });
    assert.match(read(carrier, 'report.html'), /This campaign carries no calibration/);
  });

  it('is carried by another campaign from then on, outside of what was measured there', async () => {
    const { source, carrier } = await both();
    const before = (await verifyDirectory(carrier)).raw_digest;
    const { calibration } = await buildOutcome(carrier, undefined, source);
    const { own, differs, ...found } = calibration as HeldCalibration;
    assert.deepEqual([own, differs], [false, []]);
    assert.deepEqual(found, JSON.parse(read(source, 'calibration.json')));
    assert.equal(read(carrier, 'calibration.json'), read(source, 'calibration.json'));
    assert.match(read(carrier, 'report.html'), /Machine, runtime and code are the same here/);
    const { ok, raw_digest } = await verifyDirectory(carrier);
    assert.deepEqual([ok, raw_digest], [true, before]);
    const sums = read(carrier, 'checksums.sha256');
    await buildOutcome(carrier);
    assert.equal(read(carrier, 'checksums.sha256'), sums, 'it stays, and the outcome is the same to the byte');
  });

  it('that was changed since is refused; one that was taken away is carried no more; another may replace it', async () => {
    const { source, carrier } = await both();
    await buildOutcome(carrier, undefined, source);
    const whole = read(carrier, 'calibration.json');
    writeFileSync(join(carrier, 'calibration.json'), whole.replace(/"true_us":/, '"true_us": '));
    await assert.rejects(buildOutcome(carrier), { code: 'INTEGRITY', message: /calibration\.json \(changed\)/ });
    rmSync(join(carrier, 'calibration.json'));
    assert.equal((await buildOutcome(carrier)).calibration, null);
    assert.equal((await buildOutcome(carrier, undefined, source)).calibration?.own, false);
  });

  it('is taken from nowhere but a directory that holds one unchanged, and by no calibration', async () => {
    const { source, carrier } = await both();
    await assert.rejects(buildOutcome(source, undefined, source), { code: 'CONFIG', message: /carries no other/ });
    await assert.rejects(buildOutcome(source, undefined, carrier), { code: 'CONFIG' });
    await assert.rejects(buildOutcome(carrier, undefined, carrier), {
      code: 'CONFIG',
      message: /holds no calibration/,
    });
    writeFileSync(
      join(source, 'calibration.json'),
      read(source, 'calibration.json').replace(/"true_us":/, '"true_us": '),
    );
    await assert.rejects(buildOutcome(carrier, undefined, source), { code: 'INTEGRITY', message: /changed since/ });
  });
});
