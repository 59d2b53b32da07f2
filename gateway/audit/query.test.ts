/** What a human sees of records holds nothing that acts on a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRecord, matcher } from './query.ts';
import { noRecord } from './record.ts';
import { recordOf } from './testing.ts';

test('control and bidirectional characters of agents and reasons do not reach the terminal', () => {
  const record = recordOf({ agent: 'a\u001b[2Jb', decision: 'deny', reason: 'x\ny\u202ez\u009b1m\u2066' });
  const line = describeRecord({ ...record, seq: 1, prev: noRecord });
  assert.match(line, /a\?\[2Jb/);
  assert.match(line, /x\?y\?z\?1m\?$/);
});

test('since is included, until is not', () => {
  const record = recordOf({ time: '2026-01-01T00:00:05.000Z' });
  assert.equal(matcher({ since: '2026-01-01T00:00:05Z' })(record), true);
  assert.equal(matcher({ until: '2026-01-01T00:00:05Z' })(record), false);
  assert.equal(matcher({ since: '2026-01-01T00:00:05.001Z' })(record), false);
  assert.throws(() => matcher({ decision: 'maybe' }), { code: 'CONFIG' });
});
