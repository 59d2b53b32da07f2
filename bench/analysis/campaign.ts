/**
 * A campaign's directory as the analysis sees it: the manifest, and the Parquet files as views of an embedded store. Of calls,
 * attempts, spans and lines there are views of all rows (`all_calls` …), and of those of the batch under way (`calls` …; before the
 * first batch all of them, too).
 */
import { access, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';
import { type Manifest, manifestSchema, setAside } from '#contract/manifest.ts';
import type { Role, Store } from '../../collectors/traces/index.ts';
import type { Batch } from './batches.ts';

const tables = ['calls', 'attempts', 'spans', 'logs', 'resources'] as const;

/** Tables that are read a batch at a time, and the column that says when a row was noted. */
const momentOf = { calls: 'due_ns', attempts: 'start_ns', spans: 'Timestamp', logs: 'Timestamp' } as const;
const isBatched = (name: string): name is keyof typeof momentOf => name in momentOf;

/** Campaigns from before it was noted when a request was written lack the column. */
const withSent = (rows: string): string => `${rows} UNION ALL BY NAME SELECT NULL::BIGINT AS sent_ns WHERE false`;

/** As SQL's text. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** @throws WeighbridgeError CONFIG where the directory holds no campaign, or one of another version */
export async function readManifest(dir: string): Promise<Manifest> {
  const file = join(dir, 'manifest.json');
  const mend = 'name a directory that `weighbridge run` wrote';
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new WeighbridgeError('CONFIG', 'there is no manifest.json that can be read', { where: dir, mend, cause });
  });
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', 'manifest.json is not of this version', { where: file, mend, cause });
  }
}

/** Leaves the views of the raw files, and the tables that come from the manifest. */
export async function openCampaign(store: Store, dir: string, manifest: Manifest): Promise<void> {
  const aside = new Set(setAside(manifest.blocks));
  const directories = aside.size > 0 ? [dir, join(dir, 'voided')] : [dir];
  // Without that phase the file is empty, or of a release that did not know it.
  for (const name of manifest.plan.load ? [...tables, 'load'] : tables) {
    const files = directories.map((directory) => join(directory, `${name}.parquet`));
    for (const file of files) {
      await access(file).catch((cause) => {
        throw new WeighbridgeError('STORE', `${relative(dir, file)} is missing`, {
          where: dir,
          mend: 'the raw data cannot be rebuilt: take the directory from its source again',
          cause,
        });
      });
    }
    const rows = `FROM read_parquet([${files.map(quoted).join(', ')}])`;
    const view = isBatched(name) ? `all_${name}` : name;
    await store.execute(`CREATE VIEW ${view} AS ${name === 'attempts' ? withSent(rows) : rows}`);
  }
  await store.execute('CREATE TABLE state(block INTEGER, kept BOOLEAN)');
  await insert(
    store,
    'state',
    manifest.blocks.map((b) => `${b.block}, ${!aside.has(b.block)}`),
  );
  await store.execute('CREATE TABLE all_faults(arm VARCHAR, block INTEGER, leg VARCHAR, kind VARCHAR, at_ns BIGINT)');
  await insert(
    store,
    'all_faults',
    manifest.blocks.flatMap((b) =>
      b.faults.map((f) => `${quoted(f.arm)}, ${b.block}, ${quoted(f.leg)}, ${quoted(f.kind)}, ${BigInt(f.at_ns)}`),
    ),
  );
  await openBatch(store, { blocks: manifest.blocks.map((b) => b.block), from_ns: null, to_ns: null });
}

/**
 * Narrows the views of the batch under way. Files are in the order of blocks, so that a stretch of time is a stretch of each,
 * and the rest of it is passed over by its row groups' least and greatest moments.
 */
export async function openBatch(store: Store, batch: Pick<Batch, 'blocks' | 'from_ns' | 'to_ns'>): Promise<void> {
  for (const [name, moment] of Object.entries(momentOf)) {
    const at = (ns: bigint): string => (moment === 'Timestamp' ? `make_timestamp_ns(${ns})` : String(ns));
    const bounds = [
      ...(batch.from_ns === null ? [] : [`${moment} >= ${at(batch.from_ns)}`]),
      ...(batch.to_ns === null ? [] : [`${moment} < ${at(batch.to_ns)}`]),
    ];
    const where = bounds.length > 0 ? ` WHERE ${bounds.join(' AND ')}` : '';
    await store.execute(`CREATE OR REPLACE VIEW ${name} AS FROM all_${name}${where}`);
  }
  const blocks = [-1, ...batch.blocks].join(', ');
  await store.execute(`CREATE OR REPLACE VIEW fault AS FROM all_faults WHERE block IN (${blocks})`);
}

async function insert(store: Store, table: string, rows: readonly string[]): Promise<void> {
  if (rows.length > 0) await store.execute(`INSERT INTO ${table} VALUES ${rows.map((r) => `(${r})`).join(', ')}`);
}

/** Where each service stands: the first tier of an arm is the agent, the last the tools, any between a gateway. */
export function rolesOf(manifest: Manifest): Map<string, Role> {
  const roles = new Map<string, Role>();
  for (const { tiers } of manifest.arms) {
    for (const [i, tier] of tiers.entries()) {
      roles.set(tier, i === 0 ? 'agent' : i === tiers.length - 1 ? 'tool' : 'gateway');
    }
  }
  return roles;
}
