import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Cell, Security } from '#contract/security.ts';
import { renderMatrix } from './matrix.ts';

const cell = (arm: string, outcome: Cell['outcome'], why: string): Cell => ({
  arm,
  outcome,
  why,
  by: null,
  tries: 3,
  succeeded: outcome === 'not_stopped' ? 2 : 0,
  time_to_stop_ms: null,
  belief: null,
  trace_id: null,
  evidence: [],
});

const row = (id: string, cells: Cell[]): Security['attacks'][number] => ({
  id,
  title: id,
  capability: 'budgets',
  claims: [],
  story: false,
  counts_as_stopped: 'never',
  cells,
});

const security: Security = {
  version: 1,
  seed: 's',
  started: '2026-01-31T10:00:00.000Z',
  duration_s: 1,
  races: [],
  attacks: [
    row('short', [cell('direct', 'not_stopped', 'Nobody looks.'), cell('native-regressed', 'stopped', 'It looks.')]),
    row('longer-name', [cell('direct', 'stopped_elsewhere', 'x'), cell('native-regressed', 'not_applicable', 'x')]),
  ],
};

it('a row per attack, a column per arm, a line per cell that is not stopped', () => {
  assert.equal(
    renderMatrix(security, { colour: false }),
    [
      'attack       direct       native-regressed',
      'short        NOT stopped  stopped',
      'longer-name  elsewhere    n/a',
      '',
      'short on direct: 2 of 3 succeeded. Nobody looks.',
    ].join('\n'),
  );
});

it('colour changes no column', () => {
  const painted = renderMatrix(security, { colour: true });
  assert.notEqual(painted, renderMatrix(security, { colour: false }));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes are what is taken out
  const plain = painted.replaceAll(/\u001b\[\d+m/g, '').replaceAll(/ +$/gm, '');
  assert.equal(plain, renderMatrix(security, { colour: false }));
});
