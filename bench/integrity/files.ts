/** The files of a results directory, and their digests. Links are never followed. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { checksumsFile, checksumsTemporary, signatureFile } from './checksums.ts';

/** What stands beside the results and has no digest. */
const apart = [checksumsFile, checksumsTemporary, signatureFile, `${signatureFile}.tmp`];

export interface Listing {
  /** Regular files, relative, with `/`; the checksums file and its signature are not among them, whole or under way. */
  files: string[];
  /** Links, sockets and the like, which are no results. */
  strangers: string[];
}

export async function listFiles(dir: string, below = ''): Promise<Listing> {
  const listing: Listing = { files: [], strangers: [] };
  for (const entry of await readdir(join(dir, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      const inner = await listFiles(dir, path);
      listing.files.push(...inner.files);
      listing.strangers.push(...inner.strangers);
    } else if (!entry.isFile()) listing.strangers.push(path);
    else if (!apart.includes(path)) listing.files.push(path);
  }
  return listing;
}

/** SHA-256 of a file as lower-case hex, read in pieces: spans of a large campaign do not fit into memory. */
export async function digestOf(dir: string, path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(dir, path)), hash);
  return hash.digest('hex');
}
