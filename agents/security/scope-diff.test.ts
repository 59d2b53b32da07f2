import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, mock, test } from 'node:test';
import { allScopes, type Scope } from '#contract/tools.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { loadPlugins } from '../plugins/registry.ts';
import { agentHere, oneByOne, sliceOrder } from '../testing/agents.ts';
import { ScopeDiffCheck, type ScopeDiffRecord, scopeDifference } from './scope-diff.ts';
import { scopeHash } from './scope-hash.ts';

let bed: Testbed;
const dir = mkdtempSync(join(tmpdir(), 'scope-diff-'));
before(async () => {
  bed = await startTestbed();
});
after(async () => {
  await bed.stop();
  rmSync(dir, { recursive: true });
});

test('what is granted and not declared, and the other way round', () => {
  const difference = scopeDifference(new Set(['b', 'a']), new Set(['b', 'd', 'c']));
  assert.deepEqual(difference, { undeclared: ['c', 'd'], ungranted: ['a'] });
});

test('it is checked at the start, at each interval, and no more once it is stopped', () => {
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    const records: ScopeDiffRecord[] = [];
    const granted = new Set(['read:mail']);
    const options = {
      agent_id: 'a',
      declared: new Set(['read:mail']),
      granted: () => granted,
      now_ms: () => 0,
      note: (record: ScopeDiffRecord) => records.push(record),
    };
    const check = new ScopeDiffCheck({ ...options, interval_s: 60 });
    check.start();
    mock.timers.tick(59_999);
    assert.equal(records.length, 1);
    granted.add('write:mail');
    mock.timers.tick(1);
    assert.deepEqual(records[1], {
      kind: 'scope_diff',
      time: '1970-01-01T00:00:00.000Z',
      agent: 'a',
      result: 'drift',
      declared_hash: scopeHash(['read:mail']),
      granted_hash: scopeHash(['read:mail', 'write:mail']),
      undeclared: ['write:mail'],
      ungranted: [],
    });
    mock.timers.tick(120_000);
    assert.equal(records.length, 4);
    check.stop();
    mock.timers.tick(600_000);
    assert.equal(records.length, 4);
    new ScopeDiffCheck({ ...options, interval_s: 0 }).start();
    mock.timers.tick(600_000);
    assert.equal(records.length, 4);
  } finally {
    mock.timers.reset();
  }
});

describe('audit.scope_diff_check_interval', () => {
  const settings = { 'audit.scope_diff_check_interval': 300 };
  const differences = (file: string): Record<string, unknown>[] =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ kind }) => kind === 'scope_diff');

  async function found(name: string, change: Parameters<typeof agentHere>[2]): Promise<Record<string, unknown>> {
    const audit_file = join(dir, `${name}.jsonl`);
    const agent = await agentHere(bed, 'on', { settings, audit_file, ...change });
    await agent.runSlice(sliceOrder(oneByOne(1, ['search.query'])));
    await agent.close();
    const records = differences(audit_file);
    assert.equal(records.length, 1);
    return records[0]!;
  }

  test('the agent as it comes is granted what its plugins declare', async () => {
    const { result, declared_hash, granted_hash } = await found('match', {});
    assert.deepEqual([result, declared_hash, granted_hash], ['match', scopeHash(allScopes), scopeHash(allScopes)]);
  });

  test('a grant that is broader than the manifests is a finding', async () => {
    const plugins = loadPlugins().filter(({ manifest }) => manifest.name === 'searcher');
    const { result, undeclared, ungranted } = await found('broad', { plugins });
    const beyond: Scope[] = allScopes.filter((scope) => scope !== 'read:search');
    assert.deepEqual([result, undeclared, ungranted], ['drift', beyond, []]);
  });

  test('it needs a file, and the file has no refreshes where those are not logged', async () => {
    await assert.rejects(agentHere(bed, 'on', { settings }), /no file is named/);
    const audit_file = join(dir, 'alone.jsonl');
    const agent = await agentHere(bed, 'on', {
      audit_file,
      settings: { ...settings, 'audit.token_refresh_logging': false },
    });
    await agent.close();
    assert.equal(readFileSync(audit_file, 'utf8').trimEnd().split('\n').length, 1);
  });
});
