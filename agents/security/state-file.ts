/**
 * The encrypted state file: AES-256-GCM with a key that is handed in, replaced as a whole or not at all. The execution
 * context is authenticated with it, so that a copy opens in no other context; and what it holds is bound to a key that
 * is not in it, so that a copy whose key was stolen too is refused by the authority.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';
import { replaceFile, syncPath } from '#contract/files.ts';
import { sealed, unsealed } from '#contract/sealing.ts';

/**
 * How the authorization was made that a state comes from: with PKCE, without, or before anybody noted it. It stands in
 * clear, so that `claw doctor` can tell without the key, and is authenticated like the rest.
 */
export type Provenance = 'pkce' | 'without_pkce' | 'unknown';

/** Turns what is kept into what stands in the file, and back. */
export interface Seal {
  close(plain: string, provenance: Provenance): Buffer;
  /** @throws WeighbridgeError INTEGRITY */
  open(sealed: Buffer, where: string): Opened;
}

export interface Opened {
  plain: string;
  /** As the header says it; undefined of a state that has none. */
  provenance: Provenance | undefined;
}

const magic = Buffer.from('WBS');
const context_bytes = 32;
const header_bytes = magic.length + 1 + context_bytes;
/** The byte behind the magic; `1` is what releases wrote that noted nothing. */
const signOf: Readonly<Record<Provenance, string>> = { unknown: '1', pkce: 'P', without_pkce: 'N' };
const provenances = new Map(Object.entries(signOf).map(([name, sign]) => [sign.charCodeAt(0), name as Provenance]));

/** What the header of an encrypted state says; undefined where this is none. Nobody has checked it without the key. */
export const provenanceIn = (bytes: Buffer): Provenance | undefined =>
  bytes.length >= header_bytes && bytes.subarray(0, magic.length).equals(magic)
    ? provenances.get(bytes[magic.length]!)
    : undefined;

/** Of a state that belongs to no context: the control is off, and a copy serves wherever its key is known. */
export const noContext = Buffer.alloc(context_bytes);

/**
 * Layout: `WBS`, a sign for the provenance, digest of the context (all authenticated), then what `#contract/sealing.ts` makes of the text.
 * @param key 32 bytes
 * @param context 32 bytes
 */
export function encryptedSeal(key: Buffer, context: Buffer): Seal {
  return {
    close(plain, provenance) {
      const header = Buffer.concat([magic, Buffer.from(signOf[provenance]), context]);
      return Buffer.concat([header, sealed(key, Buffer.from(plain), header)]);
    },
    open(bytes, where) {
      const provenance = provenanceIn(bytes);
      if (provenance === undefined) throw damaged('this is no state file', where);
      const header = bytes.subarray(0, header_bytes);
      if (!header.subarray(-context_bytes).equals(context)) {
        throw damaged('the state belongs to another execution context', where);
      }
      const plain = unsealed(key, bytes.subarray(header_bytes), header);
      if (!plain) throw damaged('the state was altered, or its key is another one', where);
      return { plain: plain.toString('utf8'), provenance };
    },
  };
}

/** Of an agent without this control: the state as it is, protected by the file's mode alone. */
export const plainSeal: Seal = {
  close: (plain) => Buffer.from(plain),
  open: (text) => ({ plain: text.toString('utf8'), provenance: undefined }),
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
  async read(): Promise<Opened | undefined> {
    let sealed: Buffer;
    try {
      sealed = await readFile(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw unusable(error, this.path);
    }
    return this.#seal.open(sealed, this.path);
  }

  /**
   * After it the new state is on disk; before, the old one: there is no between. It is written to a new file of its own: a
   * name that is there already, a symbolic link included, is never written to.
   */
  async replace(plain: string, provenance: Provenance): Promise<void> {
    const temporary = `${this.path}.${process.pid}.${randomBytes(6).toString('hex')}`;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      await replaceFile(this.path, this.#seal.close(plain, provenance), { mode: 0o600, temporary, flag: 'wx' });
    } catch (error) {
      throw unusable(error, this.path);
    }
  }

  async remove(): Promise<void> {
    try {
      await rm(this.path, { force: true });
      await syncPath(dirname(this.path));
    } catch (error) {
      throw unusable(error, this.path);
    }
  }
}

const unusable = (error: unknown, where: string): WeighbridgeError =>
  new WeighbridgeError('STORE', `the state file cannot be used: ${(error as NodeJS.ErrnoException).code}`, {
    where,
    mend: 'see that the directory is there, is the agent’s own and has room',
  });
