/**
 * The encrypted state file: AES-256-GCM with a key that is handed in, replaced as a whole or not at all. The execution
 * context is authenticated with it, so that a copy opens in no other context; and what it holds is bound to a key that
 * is not in it, so that a copy whose key was stolen too is refused by the authority.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { constants, type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';

/** Turns what is kept into what stands in the file, and back. */
export interface Seal {
  close(plain: string): Buffer;
  /** @throws WeighbridgeError INTEGRITY */
  open(sealed: Buffer, where: string): string;
}

const cipher = 'aes-256-gcm';
const magic = Buffer.from('WBS1');
const context_bytes = 32;
const iv_bytes = 12;
const tag_bytes = 16;
const header_bytes = magic.length + context_bytes;
const smallest_bytes = header_bytes + iv_bytes + tag_bytes;

/** Of a state that belongs to no context: the control is off, and a copy serves wherever its key is known. */
export const noContext = Buffer.alloc(context_bytes);

/**
 * Layout: `WBS1`, digest of the context (both authenticated), 96-bit random nonce (NIST SP 800-38D §8.2.2), tag, text.
 * @param key 32 bytes
 * @param context 32 bytes
 */
export function encryptedSeal(key: Buffer, context: Buffer): Seal {
  const header = Buffer.concat([magic, context]);
  return {
    close(plain) {
      const iv = randomBytes(iv_bytes);
      const encrypt = createCipheriv(cipher, key, iv).setAAD(header);
      const text = Buffer.concat([encrypt.update(plain, 'utf8'), encrypt.final()]);
      return Buffer.concat([header, iv, encrypt.getAuthTag(), text]);
    },
    open(sealed, where) {
      if (sealed.length < smallest_bytes || !sealed.subarray(0, magic.length).equals(magic)) {
        throw damaged('this is no state file', where);
      }
      if (!sealed.subarray(magic.length, header_bytes).equals(context)) {
        throw damaged('the state belongs to another execution context', where);
      }
      const iv = sealed.subarray(header_bytes, header_bytes + iv_bytes);
      const decrypt = createDecipheriv(cipher, key, iv, { authTagLength: tag_bytes }).setAAD(header);
      decrypt.setAuthTag(sealed.subarray(header_bytes + iv_bytes, smallest_bytes));
      try {
        return Buffer.concat([decrypt.update(sealed.subarray(smallest_bytes)), decrypt.final()]).toString('utf8');
      } catch {
        throw damaged('the state was altered, or its key is another one', where);
      }
    },
  };
}

/** Of an agent without this control: the state as it is, protected by the file's mode alone. */
export const plainSeal: Seal = {
  close: (plain) => Buffer.from(plain),
  open: (text) => text.toString('utf8'),
};

const damaged = (message: string, where: string): WeighbridgeError =>
  new WeighbridgeError('INTEGRITY', message, {
    where,
    mend: 'give the key and the run that wrote it; or remove the file, and log in again',
  });

export class StateFile {
  readonly path: string;
  readonly #seal: Seal;

  constructor(path: string, seal: Seal) {
    this.path = path;
    this.#seal = seal;
  }

  /** Undefined where there is none. @throws WeighbridgeError INTEGRITY */
  async read(): Promise<string | undefined> {
    let sealed: Buffer;
    try {
      sealed = await readFile(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw unusable(error, this.path);
    }
    return this.#seal.open(sealed, this.path);
  }

  /** After it the new state is on disk; before, the old one: there is no between (rename(2)). */
  async replace(plain: string): Promise<void> {
    const temporary = `${this.path}.${process.pid}.${randomBytes(6).toString('hex')}`;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      await writeWhole(temporary, this.#seal.close(plain));
      await rename(temporary, this.path);
      await syncDirectory(this.path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw unusable(error, this.path);
    }
  }

  async remove(): Promise<void> {
    try {
      await rm(this.path, { force: true });
      await syncDirectory(this.path);
    } catch (error) {
      throw unusable(error, this.path);
    }
  }
}

/** Its own new file: a name that is there already, a symbolic link included, is never written to. */
async function writeWhole(path: string, data: Buffer): Promise<void> {
  await using file: FileHandle = await open(path, 'wx', 0o600);
  // writeFile goes on after a short write, and fails where the disk is full.
  await file.writeFile(data);
  await file.sync();
}

/** A rename is durable when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(dirname(path), constants.O_RDONLY);
  await directory.sync();
}

const unusable = (error: unknown, where: string): WeighbridgeError =>
  new WeighbridgeError('STORE', `the state file cannot be used: ${(error as NodeJS.ErrnoException).code}`, {
    where,
    mend: 'see that the directory is there, is the agent’s own and has room',
  });
