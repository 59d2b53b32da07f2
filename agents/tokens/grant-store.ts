/**
 * Where a grant is held: in this process's memory, or in a state file that other processes of the run share. In a shared
 * one stand the access tokens too, so that a process finds what another has just fetched instead of redeeming again.
 */
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import type { ProcessLock } from '../security/process-lock.ts';
import type { Provenance, StateFile } from '../security/state-file.ts';

export const keptTokenSchema = z.strictObject({
  access_token: z.string(),
  /** Seconds; null where the answer did not say. */
  expires_in: z.number().nullable(),
  /** As the answer named it; null where it did not. */
  scope: z.string().nullable(),
  /** Wall clock when it was received, epoch ms. */
  received_ms: z.number(),
});
export type KeptToken = z.infer<typeof keptTokenSchema>;

const sessionSchema = z.strictObject({
  refresh_token: z.string(),
  /** Scopes that the authority granted at the login. */
  granted: z.array(z.string()),
  /** Was the authorization made with PKCE? Absent: by a release that did not note it. */
  pkce: z.boolean().optional(),
  /** Shared stores only: by the scopes that were asked for. */
  tokens: z.record(z.string(), keptTokenSchema),
});
export type Session = z.infer<typeof sessionSchema>;

export const provenanceOf = ({ pkce }: Pick<Session, 'pkce'>): Provenance =>
  pkce === undefined ? 'unknown' : pkce ? 'pkce' : 'without_pkce';

export interface GrantStore {
  /** Do other processes use it? */
  readonly shared: boolean;
  /** Runs the job while no other process uses the store. @throws WeighbridgeError DEADLINE */
  exclusively<T>(job: () => Promise<T>): Promise<T>;
  /** Undefined where there is no grant. @throws WeighbridgeError INTEGRITY, STORE */
  read(): Promise<Session | undefined>;
  /** Resolves when it is kept for good. @throws WeighbridgeError STORE */
  write(session: Session): Promise<void>;
  clear(): Promise<void>;
}

export class MemoryStore implements GrantStore {
  readonly shared = false;
  #session: Session | undefined;

  exclusively<T>(job: () => Promise<T>): Promise<T> {
    return job();
  }

  async read(): Promise<Session | undefined> {
    return this.#session;
  }

  async write(session: Session): Promise<void> {
    this.#session = session;
  }

  async clear(): Promise<void> {
    this.#session = undefined;
  }
}

const ownerSchema = z.strictObject({
  issuer: z.string(),
  client_id: z.string(),
  /** Thumbprint of the key that all tokens are bound to; null where they are bound to none. */
  jkt: z.string().nullable(),
});
/** Whose state it is: to anyone else it is of no use. */
export type Owner = z.infer<typeof ownerSchema>;

const stateSchema = z.strictObject({ version: z.literal(1), owner: ownerSchema, session: sessionSchema });

export interface FileStoreOptions {
  file: StateFile;
  owner: Owner;
  /** Absent: redemptions of several processes are not serialized. */
  lock?: ProcessLock;
}

export class FileStore implements GrantStore {
  readonly shared = true;
  readonly #options: FileStoreOptions;
  /** Refresh token of the file, as it was read last. */
  #inFile: string | undefined;
  /** What could not be written: as long as the file says what it said, its refresh token is used up, and this one is not. */
  #unwritten: { session: Session; insteadOf: string | undefined } | undefined;

  constructor(options: FileStoreOptions) {
    this.#options = options;
  }

  exclusively<T>(job: () => Promise<T>): Promise<T> {
    const { lock } = this.#options;
    return lock ? lock.hold(job) : job();
  }

  async read(): Promise<Session | undefined> {
    const session = await this.#readFile();
    this.#inFile = session?.refresh_token;
    const unwritten = this.#unwritten;
    return unwritten && unwritten.insteadOf === this.#inFile ? unwritten.session : session;
  }

  async #readFile(): Promise<Session | undefined> {
    const { file, owner } = this.#options;
    const opened = await file.read();
    if (opened === undefined) return undefined;
    const state = stateIn(opened.plain);
    if (!state) throw unfit('the state file holds no state that this release knows', file.path);
    // Who reads without the key believes the header; a state that says otherwise was not written by `write`.
    if (opened.provenance !== undefined && opened.provenance !== provenanceOf(state.session)) {
      throw unfit('the state file’s header and its state disagree on how the authorization was made', file.path);
    }
    const { issuer, client_id, jkt } = state.owner;
    if (issuer !== owner.issuer || client_id !== owner.client_id || jkt !== owner.jkt) {
      throw unfit('the state file belongs to another client, authority or binding key', file.path);
    }
    return state.session;
  }

  async write(session: Session): Promise<void> {
    const { file, owner } = this.#options;
    this.#unwritten = { session, insteadOf: this.#inFile };
    await file.replace(JSON.stringify({ version: 1, owner, session }), provenanceOf(session));
    this.#unwritten = undefined;
  }

  async clear(): Promise<void> {
    this.#unwritten = undefined;
    await this.#options.file.remove();
  }
}

/** Undefined where it is none that this release knows. */
export function stateIn(text: string): z.infer<typeof stateSchema> | undefined {
  try {
    return stateSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const unfit = (message: string, where: string): WeighbridgeError =>
  new WeighbridgeError('INTEGRITY', message, { where, mend: 'remove the file, and log in again' });
