import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { scopeHash } from '../security/scope-hash.ts';
import { agentHere } from '../testing/agents.ts';
import { type Refresh, refreshHistory } from './refresh-history.ts';

const dir = mkdtempSync(join(tmpdir(), 'claw-audit-'));
after(() => rmSync(dir, { recursive: true }));
const script = fileURLToPath(new URL('../../bin/claw.mjs', import.meta.url));
const claw = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', cwd: dir });

const declared = new Map([
  ['mail-reader', ['read:mail']],
  ['mail-sender', ['read:mail', 'write:mail']],
]);
const record = (change: object): string =>
  JSON.stringify({
    time: '2026-05-01T09:00:00.000Z',
    agent: 'agent-native',
    plugin: 'mail-reader',
    scope_hash: scopeHash(['read:mail']),
    received_hash: scopeHash(['read:mail']),
    result: 'refreshed',
    error_type: null,
    ...change,
  });
const flagsOf = (change: object): string[] => refreshHistory(record(change), declared).refreshes[0]!.flags;

describe('history of refreshes', () => {
  test('what was asked for, declared and received is no finding', () => {
    assert.deepEqual(flagsOf({}), []);
    assert.deepEqual(flagsOf({ received_hash: null, result: 'refused', error_type: 'invalid_grant' }), []);
    assert.deepEqual(flagsOf({ plugin: 'agent' }), []);
  });

  test('a token with more than was asked for is broadened', () => {
    assert.deepEqual(flagsOf({ received_hash: scopeHash(['read:mail', 'write:mail']) }), [
      'broadened: received write:mail, which was not asked for',
    ]);
    assert.deepEqual(flagsOf({ received_hash: 'f'.repeat(64) }), ['broadened: unknown scopes received']);
  });

  test('a plugin that asks for more than its manifest declares is broadened', () => {
    const hash = scopeHash(['read:mail', 'write:payments']);
    assert.deepEqual(flagsOf({ scope_hash: hash, received_hash: hash }), [
      'broadened: asked for write:payments, which its manifest does not declare',
    ]);
    assert.match(flagsOf({ plugin: 'stranger' })[0]!, /^broadened: asked for read:mail/);
    assert.match(flagsOf({ scope_hash: 'f'.repeat(64), received_hash: null })[0]!, /^unknown scopes asked for/);
  });

  test('a token with less is narrowed, not broadened', () => {
    const scope_hash = scopeHash(['read:mail', 'write:mail']);
    assert.deepEqual(flagsOf({ plugin: 'mail-sender', scope_hash }), ['narrowed: received less than was asked for']);
  });

  test('torn and foreign lines are counted, not shown; other records of the agent are neither', () => {
    const token = `eyJ${'a'.repeat(80)}.${'b'.repeat(80)}.${'c'.repeat(40)}`;
    const lines = [record({}), record({}).slice(0, 40), record({ plugin: token }), '{"kind":"scope_diff"}', ''];
    const { refreshes, unreadable } = refreshHistory(lines.join('\n'), declared);
    assert.deepEqual([refreshes.length, unreadable], [1, 2]);
    const extra = refreshHistory(record({ access_token: token }), declared);
    assert.doesNotMatch(JSON.stringify(extra), /eyJ/);
  });
});

describe('claw audit --token-refresh', () => {
  let bed: Testbed;
  before(async () => {
    bed = await startTestbed();
  });
  after(() => bed.stop());

  test('a real agent’s audit: scope hashes and scopes, and no token', async () => {
    const file = join(dir, 'audit-agent.jsonl');
    const settings = { 'audit.token_refresh_logging': true, 'audit.scope_diff_check_interval': 300 };
    const agent = await agentHere(bed, 'on', { audit_file: file, settings });
    await agent.close();
    const text = claw('audit', '--token-refresh');
    assert.deepEqual([text.status, text.stderr], [0, '']);
    assert.match(text.stdout, new RegExp(`agent {2}agent {2}refreshed {2}${scopeHash(['read:mail'])} read:mail\n`));
    assert.match(text.stdout, /9 refreshes, 0 flagged\n$/);
    const json = claw('audit', '--token-refresh', '--file', file, '--json');
    const { refreshes, flagged } = JSON.parse(json.stdout) as { refreshes: Refresh[]; flagged: number };
    assert.deepEqual([json.status, refreshes.length, flagged], [0, 9, 0]);
    assert.ok(refreshes.every((r) => r.received_hash === r.scope_hash && r.scopes?.length === 1));
    assert.doesNotMatch(text.stdout + json.stdout, /eyJ|Bearer/);
  });

  test('a broadened hash is 99 and says by what', () => {
    const file = join(dir, 'broad.jsonl');
    writeFileSync(file, `${record({})}\n${record({ received_hash: scopeHash(['read:mail', 'write:mail']) })}\n{"torn`);
    const { status, stdout } = claw('audit', '--token-refresh', '--file', file);
    assert.equal(status, 99);
    assert.match(stdout, /! broadened: received write:mail, which was not asked for/);
    assert.match(stdout, /2 refreshes, 1 flagged, 1 lines are no record\n$/);
  });

  test('no such file is 104, with the mend', () => {
    const { status, stderr } = claw('audit', '--token-refresh', '--file', 'none.jsonl');
    assert.equal(status, 104);
    assert.match(stderr, /cannot be read: ENOENT\n {2}where: none\.jsonl\n {2}mend: {2}name the agent’s audit_file/);
  });
});
