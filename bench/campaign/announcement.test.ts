import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workloads } from '../workloads/index.ts';
import { announcement, blocksTime_s } from './announcement.ts';
import { calibrationPhases, calibrationText } from './config/calibration.ts';
import { defaultCampaign, parseCampaign } from './config/index.ts';
import { planInputOf } from './input.ts';

const planOf = (profile: string, phases?: string[]) => {
  const config = defaultCampaign({ profile });
  return { config, plan: planInputOf(config, workloads, phases) };
};

test('a quick campaign, by hand', () => {
  const { plan } = planOf('quick');
  // Six arms, 15 rounds: 90 slices of either service time; nine rounds of 750 ms.
  const block_s = 9.5 + 90 * 0.058 + 90 * 0.127 + 6.75 + 0.3;
  assert.ok(Math.abs(blocksTime_s(plan, { blocks: 8, quiet_s: 1 }) - 8 * block_s) < 1e-9);
  assert.ok(blocksTime_s(plan, { blocks: 8, quiet_s: 1 }) < 300);
});

test('rigorous: more blocks than standard, two workloads, and a condition in which four tasks wait at once', () => {
  const { config, plan } = planOf('rigorous', ['latency']);
  const said = announcement(config, plan, { where: 'x', attacks: false });
  assert.match(said, /^.*\nrigorous profile: a pilot of 12 blocks, then 40 to 120 in all, about /);
  const slices_s = 0.058 + 0.127 + (0.058 + 0.069 / 4);
  assert.ok(Math.abs(blocksTime_s(plan, { blocks: 1, quiet_s: 3 }) - (9.5 + 30 * 6 * 2 * slices_s)) < 1e-9);
});

test('only the phases that are run take time', () => {
  assert.equal(blocksTime_s(planOf('quick', ['correlation']).plan, { blocks: 1, quiet_s: 1 }), 9.8);
});

test('a calibration, whose delays are waited for in warm-up, too', () => {
  const config = parseCampaign(calibrationText('standard'), 'calibrate');
  const plan = planInputOf(config, workloads, [calibrationPhases]);
  // Twelve arms, 30 rounds of 25 calls; 1, 7, 8, 25 and 26 ms, and a quarter; beyond 1 ms tiers cool. 21 slices warm up at 26 ms.
  const delays_s = 0.06725 + 4 * 0.0011;
  const block_s = 9.5 + 21 * 25 * 0.0271 + 30 * (12 * 0.058 + 25 * delays_s);
  assert.ok(Math.abs(blocksTime_s(plan, { blocks: 60, quiet_s: 3 }) - 60 * block_s) < 1e-6);
  // 60 blocks took 101 minutes.
  assert.ok(Math.abs(block_s - 100.4) < 5, `${block_s}`);
});

test('of some attacks only, their share of the time is announced, and the races only where they are', () => {
  const said = (yaml: string): string => {
    const config = parseCampaign(`profile: smoke\n${yaml}`);
    return announcement(config, planInputOf(config, workloads, ['security']), { where: 'x', attacks: true });
  };
  const seconds = (text: string): number => {
    const [, min = '0', s] = /attacks: (?:(\d+) min )?(\d+) s/.exec(text)!;
    return Number(min) * 60 + Number(s);
  };
  assert.equal(seconds(said('security: {attacks: [missing-header]}')), 5);
  assert.equal(seconds(said('security: {attacks: [scope-race]}')), 24);
});

test('a pilot is announced with the fewest and the most blocks and their times, load with its own', () => {
  const { config, plan } = planOf('standard', ['latency']);
  const said = announcement(config, plan, { where: 'results/x', attacks: false });
  assert.match(said, /standard profile: a pilot of 12 blocks, then 20 to 60 in all, about \d+ min to \d+ min; arms/);
  const whole = announcement(config, planOf('standard').plan, { where: 'x', attacks: true });
  assert.match(whole, /about 1 h \d\d min to 2 h \d\d min \(load: 1 h \d\d min, attacks: 4 min 57 s\)/);
});
