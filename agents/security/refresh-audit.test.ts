/** The local audit of refreshes: what was noted is written, once, whatever the disk does meanwhile. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RefreshAuditFile, type RefreshRecord } from './refresh-audit.ts';

const dir = mkdtempSync(join(tmpdir(), 'refresh audit '));
after(() => rmSync(dir, { recursive: true }));

const record = (plugin: string): RefreshRecord => ({
  time: '2026-01-01T00:00:00.000Z',
  agent: 'agent',
  plugin,
  scope_hash: 'asked',
  received_hash: 'received',
  result: 'refreshed',
  error_type: null,
});

test('lines that could not be written are kept, and written by the next flush, before what came since', async () => {
  const file = join(dir, 'audit.jsonl');
  const audit = new RefreshAuditFile(file);
  audit.note(record('first'));
  mkdirSync(file);
  await assert.rejects(audit.flush(), { code: 'STORE', where: file });
  audit.note(record('second'));
  rmSync(file, { recursive: true });
  await audit.flush();
  await audit.flush();
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as RefreshRecord).plugin),
    ['first', 'second'],
  );
});
