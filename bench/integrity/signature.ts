/**
 * The signature of a campaign's results: Ed25519 (RFC 8032) over the bytes of `checksums.sha256`, and so over every file.
 * It stands beside it as the bare 64 bytes, so that openssl alone can check it:
 * `openssl pkeyutl -verify -pubin -inkey PUB -rawin -in checksums.sha256 -sigfile checksums.sha256.sig`.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '#contract/files.ts';
import { checksumsFile, signatureFile } from './checksums.ts';

/** Signs the checksums as they stand. */
export async function signResults(dir: string, key: KeyObject): Promise<void> {
  const text = await readFile(join(dir, checksumsFile));
  await replaceFile(join(dir, signatureFile), sign(null, text, key));
}

export const isSigned = async (dir: string): Promise<boolean> => (await readSignature(dir)) !== null;

/** Was it signed by the owner of this key? */
export async function checkSignature(dir: string, publicKey: KeyObject): Promise<'good' | 'bad' | 'absent'> {
  const signature = await readSignature(dir);
  if (signature === null) return 'absent';
  return verify(null, await readFile(join(dir, checksumsFile)), publicKey, signature) ? 'good' : 'bad';
}

async function readSignature(dir: string): Promise<Buffer | null> {
  try {
    return await readFile(join(dir, signatureFile));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
