/**
 * Upstream credentials at rest. Every secret is encrypted by a data key of its own, and that key is wrapped by a master
 * key which the vault never sees (`keyStore.ts`). Name and revision are authenticated with both, so that no entry can
 * pass for another or for a newer one. What it cannot show: that the whole file was put back to an older state.
 *
 * Of each credential the previous secret is kept beside the newest, since an upstream takes over a new secret at a
 * moment of its own: a reader tries the newest first.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import { decrypt, encrypt, key_bytes } from './cipher.ts';
import type { KeyStore } from './keyStore.ts';
import { createSafely, readSafely, replaceSafely } from './safeFile.ts';

const what = 'the vault';
const sealedSchema = z.strictObject({
  revision: z.int().positive(),
  key_id: z.string(),
  wrapped: z.string(),
  /** Nonce, tag and ciphertext, base64url. */
  sealed: z.string(),
});
type Sealed = z.infer<typeof sealedSchema>;
const vaultSchema = z.strictObject({
  version: z.literal(1),
  /** Newest first, two at most. */
  entries: z.record(z.string(), z.array(sealedSchema).min(1).max(2)),
});
type VaultFile = z.infer<typeof vaultSchema>;

const entryName = /^[a-z0-9][a-z0-9._-]{0,99}$/;
/** Far above any client secret, key or token. */
const maxSecret_bytes = 65_536;

export interface VaultEntry {
  readonly name: string;
  readonly revision: number;
  /** Master key that wraps its data key. */
  readonly key_id: string;
  /** Is the secret before this one still kept? */
  readonly previous: boolean;
}

export class Vault {
  readonly #file: string;
  readonly #keys: KeyStore;

  private constructor(file: string, keys: KeyStore) {
    this.#file = file;
    this.#keys = keys;
  }

  /** Makes an empty vault. @throws WeighbridgeError CONFIG where the file is there already */
  static async create(file: string, keys: KeyStore): Promise<Vault> {
    await createSafely(file, textOf({ version: 1, entries: {} }), what);
    return new Vault(file, keys);
  }

  /** @throws WeighbridgeError CONFIG where it is no vault, or others may read it */
  static async open(file: string, keys: KeyStore): Promise<Vault> {
    const vault = new Vault(file, keys);
    await vault.#read();
    return vault;
  }

  /**
   * The credential's secrets, newest first, read anew each time: what another process put is found.
   * @throws WeighbridgeError CONFIG where there is no such entry, INTEGRITY where it was altered
   */
  async secrets(name: string): Promise<string[]> {
    const found = entryOf(await this.#read(), name, this.#file);
    return Promise.all(found.map((sealed) => this.#open(name, sealed)));
  }

  /**
   * Puts a secret as the newest of its name; the one before is kept, older ones are gone.
   * @returns its revision, 1 for the first
   */
  async put(name: string, secret: string): Promise<number> {
    if (!entryName.test(name)) {
      throw new WeighbridgeError('CONFIG', 'a vault entry is named by lower-case letters, digits, dots, dashes', {
        where: this.#file,
        mend: 'name it like payments-client',
      });
    }
    const size_bytes = Buffer.byteLength(secret);
    if (size_bytes === 0 || size_bytes > maxSecret_bytes) {
      throw new WeighbridgeError('CONFIG', `a secret has 1 to ${maxSecret_bytes} bytes, not ${size_bytes}`, {
        where: `${this.#file}: ${name}`,
        mend: 'give the secret alone',
      });
    }
    let revision = 0;
    await this.#change(async (entries) => {
      const before = Object.hasOwn(entries, name) ? entries[name]! : [];
      revision = (before[0]?.revision ?? 0) + 1;
      return { ...entries, [name]: [await this.#seal(name, revision, secret), ...before.slice(0, 1)] };
    });
    return revision;
  }

  /** Drops the secret before the newest one, once no upstream takes it any more. */
  async forgetPrevious(name: string): Promise<void> {
    await this.#change(async (entries) => ({
      ...entries,
      [name]: entryOf({ version: 1, entries }, name, this.#file).slice(0, 1),
    }));
  }

  /** By name; no secret is opened. */
  async list(): Promise<VaultEntry[]> {
    const { entries } = await this.#read();
    return Object.keys(entries)
      .sort()
      .map((name) => {
        const [newest, previous] = entries[name]!;
        return { name, revision: newest!.revision, key_id: newest!.key_id, previous: previous !== undefined };
      });
  }

  /**
   * Takes a new master key into use and wraps every data key anew; the secrets themselves are not touched, and every
   * old master key is retired afterwards, those of an earlier rotation that broke off too. A crash in between leaves all
   * keys and a vault that opens.
   * @returns the new master key's id
   */
  async rotateKey(): Promise<string> {
    // Before the new one is there: nothing is wrapped by any of them any more once all entries were wrapped anew.
    const old = await this.#keys.ids();
    const keyId = await this.#keys.rotate();
    await this.#change(async (entries) => {
      const changed: VaultFile['entries'] = {};
      for (const [name, all] of Object.entries(entries)) {
        changed[name] = await Promise.all(all.map((sealed) => this.#rewrap(name, sealed)));
      }
      return changed;
    });
    for (const id of old) await this.#keys.retire(id);
    return keyId;
  }

  async #read(): Promise<VaultFile> {
    return parse(await readSafely(this.#file, what), this.#file);
  }

  async #change(change: (entries: VaultFile['entries']) => Promise<VaultFile['entries']>): Promise<void> {
    await replaceSafely(this.#file, what, async (text) => {
      const { entries } = parse(text, this.#file);
      return textOf({ version: 1, entries: await change(entries) });
    });
  }

  async #seal(name: string, revision: number, secret: string): Promise<Sealed> {
    const context = contextOf(name, revision);
    const dataKey = randomBytes(key_bytes);
    try {
      const sealed = encrypt(dataKey, Buffer.from(secret, 'utf8'), context);
      return { revision, ...(await this.#keys.wrap(dataKey, context)), sealed };
    } finally {
      dataKey.fill(0);
    }
  }

  async #open(name: string, sealed: Sealed): Promise<string> {
    const context = contextOf(name, sealed.revision);
    const dataKey = await this.#keys.unwrap(sealed, context);
    try {
      const plain = decrypt(dataKey, sealed.sealed, context);
      if (plain) return plain.toString('utf8');
    } finally {
      dataKey.fill(0);
    }
    throw new WeighbridgeError('INTEGRITY', `entry ${name} was altered`, {
      where: this.#file,
      mend: 'restore the vault file, or put the entry anew',
    });
  }

  async #rewrap(name: string, sealed: Sealed): Promise<Sealed> {
    const context = contextOf(name, sealed.revision);
    const dataKey = await this.#keys.unwrap(sealed, context);
    try {
      return { ...sealed, ...(await this.#keys.wrap(dataKey, context)) };
    } finally {
      dataKey.fill(0);
    }
  }
}

const contextOf = (name: string, revision: number): string => `weighbridge-vault/1\n${name}\n${revision}`;
const textOf = (file: VaultFile): string => `${JSON.stringify(file, null, 2)}\n`;

function entryOf({ entries }: VaultFile, name: string, file: string): Sealed[] {
  const found = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (found) return found;
  throw new WeighbridgeError('CONFIG', `the vault holds no entry ${name}`, {
    where: file,
    mend: `weighbridge vault put ${name}`,
  });
}

function parse(text: string, file: string): VaultFile {
  try {
    return vaultSchema.parse(JSON.parse(text));
  } catch {
    throw new WeighbridgeError('CONFIG', 'this is no vault', {
      where: file,
      mend: 'name a file that `weighbridge vault init` wrote',
    });
  }
}
