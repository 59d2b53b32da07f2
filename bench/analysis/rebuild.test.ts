import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { analyse } from './index.ts';
import { arms, campaigns, claims, correlation, digest, latency, lifecycle } from './testing.ts';

const { campaign, root } = campaigns();

describe('an analysis', () => {
  it('is the same to the byte again, and after the rows have changed places', async () => {
    const { dir, analysis } = await campaign({
      blocks: 6,
      sessions: [{ ...latency, rounds: 15 }, lifecycle, correlation],
      claims,
      noise_us: 40,
      block_sd_us: 20,
    });
    const text = JSON.stringify(analysis);
    assert.equal(JSON.stringify(await analyse(dir, digest)), text);

    const shuffled = join(root(), 'shuffled');
    await mkdir(shuffled);
    for (const name of ['manifest.json', 'campaign.yaml']) await copyFile(join(dir, name), join(shuffled, name));
    const db = await (await DuckDBInstance.create(':memory:')).connect();
    for (const [name, key] of Object.entries({
      calls: 'trace_id',
      attempts: 'span_id',
      spans: 'SpanId',
      logs: 'SpanId',
      resources: 'tier || slice',
    })) {
      await db.run(
        `COPY (SELECT * FROM read_parquet('${join(dir, name)}.parquet') ORDER BY hash(${key}, 7)) TO '${join(shuffled, name)}.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
      );
    }
    db.closeSync();
    assert.equal(JSON.stringify(await analyse(shuffled, digest, 1)), text, 'block by block, too');
  });

  it('says which file is missing or wrong', async () => {
    await assert.rejects(analyse(join(root(), 'nowhere'), digest), { code: 'CONFIG' });
    const dir = join(root(), 'half');
    await mkdir(dir);
    await writeFile(join(dir, 'manifest.json'), '{"version": 2}');
    await assert.rejects(analyse(dir, digest), { code: 'CONFIG', message: /not of this version/ });
    const { dir: whole } = await campaign({ blocks: 1, sessions: [{ ...latency, rounds: 1 }] });
    await rm(join(whole, 'logs.parquet'));
    await assert.rejects(analyse(whole, digest), { code: 'STORE', message: /logs\.parquet/ });
  });
});

describe('the campaign in an analysis', () => {
  it('is the manifest’s, and the digest the one it was given', async () => {
    const { dir, analysis, manifest } = await campaign({ blocks: 1, sessions: [{ ...latency, rounds: 1 }] });
    assert.equal(analysis.campaign.seed, manifest.seed);
    assert.deepEqual(
      analysis.campaign.arms.map((a) => a.arm),
      arms.map((a) => a.arm),
    );
    assert.equal(analysis.campaign.raw_digest, digest);
    const text = await readFile(join(dir, 'manifest.json'), 'utf8');
    await writeFile(join(dir, 'manifest.json'), text.replace('Is the analysis right?', 'Is it?'));
    const other = await analyse(dir, digest);
    assert.equal(other.campaign.question, 'Is it?');
  });
});
