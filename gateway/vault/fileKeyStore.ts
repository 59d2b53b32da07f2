/**
 * Master keys in a file that its owner alone can read. It protects a vault that is copied without it (a backup, a
 * volume, a repository); who can read both has everything. For keys that no file holds, see `keyStore.ts`.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import { decrypt, encrypt, key_bytes } from './cipher.ts';
import type { KeyStore, WrappedKey } from './keyStore.ts';
import { createSafely, readSafely, replaceSafely } from './safeFile.ts';

const what = 'the key store';
const keysSchema = z.strictObject({
  version: z.literal(1),
  current: z.string(),
  /** Id → 32 bytes, base64url. */
  keys: z.record(z.string(), z.base64url().length(43)),
});
type Keys = z.infer<typeof keysSchema>;

export class FileKeyStore implements KeyStore {
  readonly #file: string;
  #keys: Keys;

  private constructor(file: string, keys: Keys) {
    this.#file = file;
    this.#keys = keys;
  }

  /** Makes the file with one master key. @throws WeighbridgeError CONFIG where it is there already */
  static async create(file: string): Promise<FileKeyStore> {
    const keys = withNewKey({ version: 1, current: '', keys: {} });
    await createSafely(file, textOf(keys), what);
    return new FileKeyStore(file, keys);
  }

  /** @throws WeighbridgeError CONFIG where it is no key store, or others may read it */
  static async open(file: string): Promise<FileKeyStore> {
    return new FileKeyStore(file, parse(await readSafely(file, what), file));
  }

  get current(): string {
    return this.#keys.current;
  }

  async wrap(dataKey: Buffer, context: string): Promise<WrappedKey> {
    // Read anew: a key that another process has retired since would take the secret with it.
    await this.#reread();
    const key_id = this.current;
    return { key_id, wrapped: encrypt(this.#key(key_id), dataKey, wrapContext(key_id, context)) };
  }

  async unwrap({ key_id, wrapped }: WrappedKey, context: string): Promise<Buffer> {
    // Another process may have taken a newer key into use since this one read the file.
    if (!Object.hasOwn(this.#keys.keys, key_id)) await this.#reread();
    const dataKey = decrypt(this.#key(key_id), wrapped, wrapContext(key_id, context));
    if (dataKey?.length === key_bytes) return dataKey;
    throw new WeighbridgeError('INTEGRITY', 'a data key does not unwrap: it was altered, or moved from another entry', {
      where: this.#file,
      mend: 'restore the vault file, or put the entry anew',
    });
  }

  async ids(): Promise<readonly string[]> {
    await this.#reread();
    return Object.keys(this.#keys.keys);
  }

  async rotate(): Promise<string> {
    await this.#change(withNewKey);
    return this.current;
  }

  async retire(keyId: string): Promise<void> {
    await this.#change((keys) => {
      if (keys.current === keyId) {
        throw new WeighbridgeError('CONFIG', `master key ${keyId} is in use`, {
          where: this.#file,
          mend: 'take a new one into use first',
        });
      }
      return { ...keys, keys: Object.fromEntries(Object.entries(keys.keys).filter(([id]) => id !== keyId)) };
    });
  }

  async #reread(): Promise<void> {
    this.#keys = parse(await readSafely(this.#file, what), this.#file);
  }

  async #change(change: (keys: Keys) => Keys): Promise<void> {
    let changed = this.#keys;
    await replaceSafely(this.#file, what, async (text) => {
      changed = change(parse(text, this.#file));
      return textOf(changed);
    });
    this.#keys = changed;
  }

  #key(id: string): Buffer {
    const key = Object.hasOwn(this.#keys.keys, id) ? this.#keys.keys[id] : undefined;
    if (key !== undefined) return Buffer.from(key, 'base64url');
    throw new WeighbridgeError('CONFIG', `the key store holds no master key ${id}`, {
      where: this.#file,
      mend: 'name the key store that the vault was made with',
    });
  }
}

const wrapContext = (keyId: string, context: string): string => `weighbridge-key/1\n${keyId}\n${context}`;

function withNewKey(keys: Keys): Keys {
  const id = `k-${randomBytes(6).toString('hex')}`;
  return { version: 1, current: id, keys: { ...keys.keys, [id]: randomBytes(key_bytes).toString('base64url') } };
}

const textOf = (keys: Keys): string => `${JSON.stringify(keys, null, 2)}\n`;

/** What is wrong is not quoted: it could be a key. */
function parse(text: string, file: string): Keys {
  try {
    return keysSchema.parse(JSON.parse(text));
  } catch {
    throw new WeighbridgeError('CONFIG', 'this is no key store', {
      where: file,
      mend: 'name a file that `weighbridge vault init` wrote',
    });
  }
}
