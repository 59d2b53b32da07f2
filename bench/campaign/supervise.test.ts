import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Supervisor } from './supervise.ts';

test('a process that cannot be started is an error of the campaign, and not its end', async () => {
  const { execPath } = process;
  process.execPath = '/nowhere/node';
  try {
    assert.throws(() => new Supervisor().start('auth', 'auth'), {
      code: 'TIER_DEAD',
      message: /auth could not be started/,
    });
  } finally {
    process.execPath = execPath;
  }
  // The child's own event comes in a later turn: unheard, it would fail this test from outside.
  for (let i = 0; i < 3; i++) await turn();
});
