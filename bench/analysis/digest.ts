/** SHA-256 over the raw part of `checksums.sha256`, from the files themselves: the analysis is made before that file is. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const isRaw = (path: string): boolean =>
  ['manifest.json', 'campaign.yaml', 'security.json'].includes(path) || path.endsWith('.parquet');

/** Lines of `<64 hex>  <path>` by path, as they stand under `# raw`. Links are no files of a campaign. */
export async function rawDigest(dir: string): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name).slice(join(dir, '/').length).replaceAll('\\', '/'))
    .filter(isRaw)
    .sort();
  const all = createHash('sha256');
  for (const path of paths) {
    const one = createHash('sha256');
    await pipeline(createReadStream(join(dir, path)), one);
    all.update(`${one.digest('hex')}  ${path}\n`);
  }
  return all.digest('hex');
}
