import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AgentConfig } from '#contract/config.ts';
import { howAuthorized, readState } from './state.ts';

test('what a state says of PKCE, and that one of an older release says nothing', () => {
  const dir = mkdtempSync(join(tmpdir(), 'copied-state-'));
  const file = join(dir, 'state');
  const said = (noted: { pkce?: boolean }): string => {
    const session = { refresh_token: 'r', tokens: {}, ...noted };
    writeFileSync(file, JSON.stringify({ owner: { client_id: 'agent' }, session }));
    return howAuthorized(readState({ state: { file } } as AgentConfig)!);
  };
  try {
    assert.equal(said({ pkce: true }), 'made with PKCE');
    assert.equal(said({ pkce: false }), 'made without PKCE');
    assert.equal(said({}), 'nobody noted whether it was made with PKCE');
  } finally {
    rmSync(dir, { recursive: true });
  }
});
