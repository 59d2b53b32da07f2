/** A key that is handed in from outside, 32 bytes as hex or base64url. No message ever quotes it. */
import { open } from 'node:fs/promises';
import type { KeySource } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';

const hex = /^[0-9a-f]{64}$/i;
const base64url = /^[A-Za-z0-9_-]{43}=?$/;
const others = 0o077;

/**
 * @param where the source is named, for errors
 * @throws WeighbridgeError CONFIG where there is no key, or others than its owner may read its file
 */
export async function handedKey(source: KeySource, where: string): Promise<Buffer> {
  const text = 'env' in source ? process.env[source.env] : await readOwn(source.file, where);
  const key = text === undefined ? undefined : decoded(text.trim());
  if (key) return key;
  throw new WeighbridgeError('CONFIG', text === undefined ? 'the key is not set' : 'the key is not 32 bytes long', {
    where: `${where}: ${'env' in source ? source.env : source.file}`,
    mend: 'make one: openssl rand -hex 32',
  });
}

function decoded(text: string): Buffer | undefined {
  if (hex.test(text)) return Buffer.from(text, 'hex');
  return base64url.test(text) ? Buffer.from(text, 'base64url') : undefined;
}

async function readOwn(path: string, where: string): Promise<string> {
  const at = `${where}: ${path}`;
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw new WeighbridgeError('CONFIG', `the key cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      where: at,
      mend: 'name a file that exists',
    });
  }
  await using opened = file;
  const { mode } = await opened.stat();
  if ((mode & others) === 0) return opened.readFile('utf8');
  throw new WeighbridgeError('CONFIG', 'others than its owner may read the key', { where: at, mend: 'chmod 600' });
}
