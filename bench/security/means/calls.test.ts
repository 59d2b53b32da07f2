import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallRow } from '#contract/calls.ts';
import { beliefOf, beliefsOf, denierOf, saying } from './calls.ts';

const ok = { outcome: 'ok', denied_by: null, error_type: null } as CallRow;
const failed = { ...ok, outcome: 'failed' as const, error_type: 'ECONNRESET' };
const denied = { ...ok, outcome: 'denied' as const, denied_by: 'gateway/policy' };
const timeout = { ...ok, outcome: 'timeout' as const };

test('a belief has each outcome once, as the agent noted it, and words for the reader', () => {
  assert.deepEqual(beliefOf([denied, timeout, ok, denied, failed]), {
    words: '2 × refused by gateway/policy, 1 × no answer, it does not know, 1 × carried out, 1 × failed (ECONNRESET)',
    outcomes: ['denied', 'timeout', 'ok', 'failed'],
  });
  assert.deepEqual(saying('it has to log in again').outcomes, []);
});

test('several beliefs stand under their own words, and their outcomes together', () => {
  assert.deepEqual(beliefsOf({ 'told clearly': [denied], 'in silence': [timeout, timeout] }), {
    words: 'told clearly: 1 × refused by gateway/policy; in silence: 2 × no answer, it does not know',
    outcomes: ['denied', 'timeout'],
  });
});

test('who denied is read from the control’s name', () => {
  assert.deepEqual(['agent/manifest', 'gateway/policy', 'tool', null].map(denierOf), [
    'agent',
    'gateway',
    'tools',
    null,
  ]);
});
