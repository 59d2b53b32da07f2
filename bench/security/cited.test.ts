/** What is kept of a cited trace: all that the tiers wrote of it, in their own words, and no secret. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type CitedRecord, citedRecordSchema } from '#contract/security.ts';
import { builtinArms } from '../campaign/config/builtin.ts';
import { Supervisor } from '../campaign/supervise.ts';
import { type Attack, type Range, runSecretVariable } from './attack.ts';
import { type Canary, search, secretsIn } from './attacks/native/parts/canaries.ts';
import { readState } from './attacks/native/parts/state.ts';
import { recordsOf } from './cited.ts';
import { makeCalls, plannedCall } from './means/calls.ts';
import { judged } from './means/finding.ts';
import { ask } from './means/stranger.ts';
import { carryOutAttacks } from './run.ts';

const place = mkdtempSync(join(tmpdir(), 'cited-'));
after(() => rmSync(place, { recursive: true, force: true }));
const trace = 'ab'.repeat(16);
const supervisor = new Supervisor();

/** Cites the trace that it returns; carried out on `layered`, with what was kept of it. */
async function citing(carryOut: (range: Range) => Promise<string>) {
  const attack: Attack = {
    id: 'citing',
    title: 'citing',
    capability: 'fail_closed',
    claims: [],
    story: false,
    counts_as_stopped: 'It is.',
    carryOut: async (range) =>
      judged({
        tries: 1,
        succeeded: 0,
        by: 'gateway',
        belief: null,
        time_to_stop_ms: 1,
        evidence: [],
        why: 'It was made up.',
        trace_id: await carryOut(range),
      }),
  };
  const records: CitedRecord[] = [];
  const security = await carryOutAttacks({
    supervisor,
    arms: [builtinArms.get('layered')!],
    attacks: [attack],
    seed: 's',
    work_dir: mkdtempSync(join(place, 'run-')),
    signal: new AbortController().signal,
    cite: (some) => records.push(...some),
  });
  return { records, cell: security.attacks[0]!.cells[0]! };
}

describe('records of a trace', () => {
  it('are those that name it, of each file once; a torn line and a file that is gone hold none', () => {
    const file = join(place, 'log.ndjson');
    const line = JSON.stringify({ trace_id: trace, msg: 'mine' });
    writeFileSync(file, `${JSON.stringify({ trace_id: 'cd'.repeat(16) })}\n${line}\n{"trace_id":"${trace}\n`);
    const own = { service: 'weighbridge-tools', tier: 'tools', kind: 'log' as const };
    assert.deepEqual(
      recordsOf(trace, [
        { ...own, file },
        { ...own, file },
        { ...own, file: join(place, 'none') },
      ]),
      [{ ...own, record: { trace_id: trace, msg: 'mine' } }],
    );
  });

  it('come from every tier that the call crossed, from its logs and its audit log', async () => {
    const { records, cell } = await citing(async (range) => {
      const { calls } = await makeCalls(await range.startAgent(), [plannedCall('calendar.list_events')]);
      return calls[0]!.trace_id;
    });
    for (const record of records) {
      assert.doesNotThrow(() => citedRecordSchema.parse(record));
      assert.deepEqual([record.trace_id, record.attack, record.arm], [cell.trace_id, 'citing', 'layered']);
      assert.equal(record.record.trace_id, cell.trace_id);
    }
    const from = new Set(records.map(({ service, kind }) => `${service} ${kind}`));
    for (const tier of ['weighbridge-agent log', 'weighbridge-gateway log', 'weighbridge-gateway audit'])
      assert.ok(from.has(tier), tier);
    assert.ok(from.has('weighbridge-tools log'));
  });

  it('are kept of a gateway that the attack itself has ended', async () => {
    const { records } = await citing(async (range) => {
      const own = await range.startGateway((config) => ({
        ...config,
        controls: { ...config.controls, audit: { file: join(range.dir, 'audit.jsonl'), mode: 'group_commit' } },
      }));
      await ask({ base: own.url, operation: 'calendar.list_events', trace_id: trace });
      await range.stop(own.tier);
      return trace;
    });
    assert.deepEqual(records.map(({ service, kind }) => `${service} ${kind}`).sort(), [
      'weighbridge-gateway audit',
      'weighbridge-gateway log',
    ]);
  });

  it('a trace of which there are none is not cited, and the cell says so', async () => {
    const { records, cell } = await citing(async () => trace);
    assert.deepEqual(records, []);
    assert.equal(cell.trace_id, null);
    assert.match(cell.evidence.at(-1)!.found, /no record of the trace/);
  });

  it('hold no secret, though the calls of the trace carried them where none belongs', async () => {
    const canaries: Canary[] = [];
    const secret = randomBytes(32).toString('hex');
    const { records } = await citing(async (range) => {
      const agent = await range.startAgent({ env: { [runSecretVariable]: secret } });
      const { calls } = await makeCalls(agent, [plannedCall('calendar.list_events')]);
      const { trace_id } = calls[0]!;
      const { session } = readState(agent.config)!;
      const tokens = [session.refresh_token, ...Object.values(session.tokens).map((token) => token.access_token)];
      canaries.push(
        { kind: 'secret of the run', secret },
        ...tokens.flatMap((token) => (token === undefined ? [] : [{ kind: 'token', secret: token }])),
        ...secretsIn(range.gateway!.config.controls, 'configuration of the gateway'),
      );
      for (const token of tokens) {
        const request = { base: range.base, operation: 'calendar.list_events', trace_id };
        await ask({ ...request, args: { access_token: token! } });
        await ask({ ...request, headers: { authorization: `Bearer ${token}` } });
        await ask({ ...request, base: range.tools_url, headers: { authorization: `Bearer ${token}` } });
      }
      return trace_id;
    });
    assert.ok(canaries.length > 10);
    assert.ok(records.filter(({ service }) => service === 'weighbridge-gateway').length >= 4);
    assert.deepEqual(search(canaries, [{ where: 'evidence', text: JSON.stringify(records) }]), []);
  });
});
