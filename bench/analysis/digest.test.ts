import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { rawDigest as ofIntegrity } from '../integrity/index.ts';
import { rawDigest } from './digest.ts';

describe('the digest of the raw data', () => {
  it('is the one that stands for them in checksums.sha256', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'weighbridge-test-'));
    for (const name of ['manifest.json', 'campaign.yaml', 'calls.parquet', 'spans.parquet', 'analysis.json']) {
      await writeFile(join(dir, name), `text of ${name}`);
    }
    await mkdir(join(dir, 'blocks', '000'), { recursive: true });
    await writeFile(join(dir, 'blocks', '000', 'calls.parquet'), 'a block');
    await symlink(join(dir, 'analysis.json'), join(dir, 'link.parquet'));
    const before = await rawDigest(dir);
    assert.equal(before, await ofIntegrity(dir));
    await writeFile(join(dir, 'analysis.json'), 'derived anew');
    assert.equal(await rawDigest(dir), before);
    await writeFile(join(dir, 'calls.parquet'), 'other calls');
    assert.notEqual(await rawDigest(dir), before);
    await rm(dir, { recursive: true });
  });
});
