/** The phase as a whole: a cell for every attack and arm, or an error that names those that are missing. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { WeighbridgeError } from '#contract/errors.ts';
import { builtinArms } from '../campaign/config/builtin.ts';
import { Supervisor } from '../campaign/supervise.ts';
import type { Attack, Range } from './attack.ts';
import { carryOutAttacks, type SecurityOptions } from './run.ts';

const place = mkdtempSync(join(tmpdir(), 'security-'));
after(() => rmSync(place, { recursive: true, force: true }));
const direct = builtinArms.get('direct')!;
const attached = { ...direct, arm: 'ours', gateway: { attached: 'ours' } };

function attackNamed(id: string, carryOut: (range: Range) => Promise<unknown> = async () => undefined): Attack {
  return {
    id,
    title: id,
    capability: 'fail_closed',
    claims: [],
    story: false,
    counts_as_stopped: 'It always is.',
    async carryOut(range) {
      await carryOut(range);
      return {
        outcome: 'stopped',
        by: 'agent',
        tries: 1,
        succeeded: 0,
        time_to_stop_ms: 1,
        belief: null,
        trace_id: null,
        evidence: [],
        why: 'It was made up.',
      };
    },
  };
}

const phase = (attacks: Attack[], more: Partial<SecurityOptions> = {}) =>
  carryOutAttacks({
    supervisor: new Supervisor(),
    arms: [direct],
    attacks,
    seed: 's',
    races: false,
    work_dir: mkdtempSync(join(place, 'run-')),
    signal: new AbortController().signal,
    ...more,
  });

describe('the security phase', () => {
  it('fills a cell for each arm, in the order of attacks and arms, whatever order they were carried out in', async () => {
    const order: string[] = [];
    const attacks = ['a', 'b', 'c', 'd', 'e'].map((id) => attackNamed(id, async () => void order.push(id)));
    const work_dir = mkdtempSync(join(place, 'run-'));
    const security = await phase(attacks, { arms: [attached, direct], work_dir });
    assert.deepEqual(
      security.attacks.map(({ id, cells }) => [id, ...cells.map(({ arm, outcome }) => `${arm} ${outcome}`)]),
      ['a', 'b', 'c', 'd', 'e'].map((id) => [id, 'ours not_applicable', 'direct stopped']),
    );
    assert.match(security.attacks[0]!.cells[0]!.why, /not ours/);
    const again: string[] = [];
    await phase(attacks.map(({ id }) => attackNamed(id, async () => void again.push(id))));
    assert.deepEqual(again, order);
    assert.equal(readdirSync(work_dir).includes('ours-1'), false, 'no range was opened for what is not ours');
  });

  it('told to carry out some only, it carries out no other and says which it left out; the races go with theirs', async () => {
    const order: string[] = [];
    const attacks = ['a', 'b', 'scope-race'].map((id) => attackNamed(id, async () => void order.push(id)));
    const supervisor = new Supervisor();
    const security = await carryOutAttacks({
      supervisor,
      arms: [{ ...builtinArms.get('native')!, gateway: { attached: 'ours' } }],
      attacks,
      only: ['b'],
      seed: 's',
      work_dir: mkdtempSync(join(place, 'run-')),
      signal: new AbortController().signal,
    });
    assert.deepEqual(
      security.attacks.map(({ id }) => id),
      ['b'],
    );
    assert.deepEqual(security.left_out, [
      { id: 'a', title: 'a', claims: [] },
      { id: 'scope-race', title: 'scope-race', claims: [] },
    ]);
    assert.deepEqual(security.races, []);
    assert.equal('left_out' in (await phase(attacks, { supervisor })), false);
  });

  it('an arm’s switched-off settings and controls are in its agents and its gateway, and in no other’s', async () => {
    const seen: Record<string, unknown[]> = {};
    const look = attackNamed('look', async (range) => {
      const { config } = await range.startAgent({ login: false });
      seen[range.spec.arm] = [config.settings, Object.keys(range.gateway!.config.controls)];
    });
    const layered = builtinArms.get('layered')!;
    const settings = { 'security.oauth.scope_hash_validation': false };
    const less = { ...layered, arm: 'less', settings, without: ['policy' as const, 'approval' as const] };
    await phase([look], { arms: [layered, less] });
    const every = ['bearer', 'rate_limit', 'policy', 'budget', 'audit', 'credentials', 'second_factor', 'approval'];
    assert.deepEqual(seen.layered, [{}, every]);
    assert.deepEqual(seen.less, [settings, every.filter((name) => name !== 'policy' && name !== 'approval')]);
  });

  it('an attack that fails is named with its arm, and the others are carried out on a fresh range', async () => {
    const issuers = new Set<string>();
    const note = async (range: Range) => void issuers.add(range.authority.issuer);
    const failing = attackNamed('failing', async (range) => {
      await note(range);
      throw new Error('it went wrong');
    });
    const rest = ['a', 'b', 'c'].map((id) => attackNamed(id, note));
    await assert.rejects(phase([failing, ...rest]), (error: WeighbridgeError) => {
      assert.equal(error.code, 'INTERNAL');
      assert.match(error.message, /attack failing on arm direct: it went wrong/);
      assert.equal(error.where, 'failing/direct');
      return true;
    });
    assert.ok(issuers.size >= 1);
  });

  it('one that kills what later attacks need is named, and harms nobody else', async () => {
    const supervisor = new Supervisor();
    const carried: string[] = [];
    const killer = attackNamed('killer', (range) => supervisor.kill(range.tools));
    const rest = ['a', 'b'].map((id) => attackNamed(id, async () => void carried.push(id)));
    await assert.rejects(phase([killer, ...rest], { supervisor }), /attack killer on arm direct: TIER_DEAD/);
    assert.deepEqual(carried.sort(), ['a', 'b']);
  });

  it('ends when it is told to, in the midst of an attack that would not', async () => {
    const controller = new AbortController();
    const endless = attackNamed('endless', () => {
      controller.abort();
      return new Promise(() => undefined);
    });
    await assert.rejects(phase([endless, attackNamed('never')], { signal: controller.signal }), {
      code: 'STOPPED',
    });
  });

  it('what an attack started is gone when the next one begins, and so is its directory', async () => {
    const pids: number[] = [];
    const dirs: string[] = [];
    const starts = (id: string) =>
      attackNamed(id, async (range) => {
        for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
        for (const dir of dirs) assert.throws(() => readdirSync(dir), { code: 'ENOENT' });
        pids.push((await range.startAgent({ login: false })).tier.pid);
        dirs.push(range.dir);
        await range.auth.control.call('set_ttl', { access_token_ttl_ms: 1 });
      });
    await phase([starts('a'), starts('b'), attackNamed('c', (range) => range.startAgent())]);
    assert.equal(pids.length, 2);
  });
});
