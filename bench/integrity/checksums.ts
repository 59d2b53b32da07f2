/**
 * The text of `checksums.sha256`: `<64 hex>  <relative path>`, the form of coreutils, so that `sha256sum -c` reads it
 * too. Raw data and what is derived from it stand apart: the raw part's own digest is what a decision record cites.
 */
import { createHash } from 'node:crypto';
import { WeighbridgeError } from '#contract/errors.ts';
import { evidenceFile } from '#contract/security.ts';

export const checksumsFile = 'checksums.sha256';
/** What it is called until it is whole. */
export const checksumsTemporary = `${checksumsFile}.tmp`;
/** The 64 bytes of an Ed25519 signature over the file as it stands. */
export const signatureFile = `${checksumsFile}.sig`;

export interface Entry {
  /** Relative to the directory, with `/`. */
  path: string;
  /** SHA-256, lower-case hex. */
  digest: string;
}

/** What a campaign measured and cannot make again; everything else can be rebuilt from it. */
export const isRaw = (path: string): boolean =>
  ['manifest.json', 'campaign.yaml', 'security.json', evidenceFile].includes(path) || path.endsWith('.parquet');

const lineOf = ({ digest, path }: Entry): string => `${digest}  ${path}\n`;

/** By code unit, so that the order does not hang on a locale. */
const byPath = (a: Entry, b: Entry): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

const part = (entries: readonly Entry[], raw: boolean): string =>
  entries
    .filter((e) => isRaw(e.path) === raw)
    .sort(byPath)
    .map(lineOf)
    .join('');

export const formatChecksums = (entries: readonly Entry[]): string =>
  `# raw\n${part(entries, true)}# derived\n${part(entries, false)}`;

/** SHA-256 over the raw part's lines, sorted by path: one figure for everything that was measured. */
export const digestOfRaw = (entries: readonly Entry[]): string =>
  createHash('sha256').update(part(entries, true)).digest('hex');

/** A name that stands in the file as it is, and in no directory but below its own. */
export const isPlainPath = (path: string): boolean =>
  path !== '' &&
  !/[\\\p{Cc}]/u.test(path) &&
  path.trim() === path &&
  path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');

/**
 * Reads the text of a checksums file. It may come from anyone, so each line has to have the one form.
 * @throws WeighbridgeError INTEGRITY where a line is malformed, leads out of the directory, or names a file again
 */
export function parseChecksums(text: string): Entry[] {
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([0-9a-f]{64}) {2}(.+)$/.exec(line);
    const path = match?.[2] ?? '';
    if (!match || !isPlainPath(path))
      throw refused(i, match ? 'names a file outside the directory' : 'is no digest with a path');
    if (path === checksumsFile || seen.has(path))
      throw refused(i, 'names a file that cannot stand here, or stands here twice');
    seen.add(path);
    entries.push({ digest: match[1]!, path });
  }
  return entries;
}

const refused = (index: number, what: string): WeighbridgeError =>
  new WeighbridgeError('INTEGRITY', `line ${index + 1} of ${checksumsFile} ${what}`, {
    where: `${checksumsFile}:${index + 1}`,
    mend: 'take the directory from its source again; a checksums file that was tampered with proves nothing',
  });
