/**
 * Local audit: each refresh leaves a line with the hash of its scopes, never a token. Lines are held in memory and
 * written at drain and stop, since file writes on a call's time would be measured as the agent's.
 */
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';
import type { ScopeDiffRecord } from './scope-diff.ts';
import type { Provenance } from './state-file.ts';

export interface RefreshRecord {
  /** ISO 8601. */
  time: string;
  agent: string;
  plugin: string;
  /** Of the scopes that were asked for. */
  scope_hash: string;
  /** Of the scopes that the new token carries; null where none came, or it does not say. */
  received_hash: string | null;
  result: 'refreshed' | 'refused' | 'failed';
  /** Why not, where it was refused or failed. */
  error_type: string | null;
}

/** At its start the agent found an authorization that was made without PKCE, or by a release that did not note it. */
export interface AuthorizationRecord {
  kind: 'authorization';
  /** ISO 8601. */
  time: string;
  agent: string;
  made: Exclude<Provenance, 'pkce'>;
}

export type AuditRecord = RefreshRecord | ScopeDiffRecord | AuthorizationRecord;

export interface RefreshAudit {
  note(record: AuditRecord): void;
  /** Writes what was noted; what could not be written is tried again by the next call. @throws WeighbridgeError STORE */
  flush(): Promise<void>;
}

export class RefreshAuditFile implements RefreshAudit {
  readonly #file: string;
  #lines: string[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  note(record: AuditRecord): void {
    this.#lines.push(`${JSON.stringify(record)}\n`);
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    try {
      await mkdir(dirname(this.#file), { recursive: true });
      await append(this.#file, lines.join(''));
    } catch (cause) {
      this.#lines = [...lines, ...this.#lines];
      throw new WeighbridgeError('STORE', `the audit of refreshes could not be written: ${(cause as Error).message}`, {
        where: this.#file,
        mend: 'free some space, or name another audit_file',
        cause,
      });
    }
  }
}

/** All of it or nothing: a full disk takes a part before it says so. */
async function append(file: string, text: string): Promise<void> {
  const handle = await open(file, 'a', 0o600);
  try {
    const { size } = await handle.stat();
    await handle.appendFile(text).catch(async (error: unknown) => {
      await handle.truncate(size);
      throw error;
    });
  } finally {
    await handle.close();
  }
}

/** Of an agent that keeps none. */
export const noRefreshAudit: RefreshAudit = { note: () => {}, flush: async () => {} };
