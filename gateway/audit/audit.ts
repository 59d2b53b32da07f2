/**
 * The central audit log: append-only JSON lines, each chained to the one before (`record.ts`), with the root of a Merkle
 * tree over all of them (`merkle.ts`) signed now and then and kept elsewhere (`checkpoints.ts`). While records cannot be
 * written, every request is refused: what cannot be recorded does not happen (norm 26).
 *
 * When a record is written is the mode, and a factor of the benchmark:
 *
 * `buffered` (`buffered.ts`): one record per request, noted in memory when the request is over and written later. Nobody
 * waits. A crash loses what was not yet written.
 *
 * `group_commit` (`groupCommit.ts`): the decision is recorded, and the record is on the disk (write, fdatasync), before
 * the first byte goes upstream; a denial's record is there before the denial is answered. So whatever a tool was asked
 * to do, and whatever an agent was told, stands in the log, however the gateway dies (norm 36). How an allowed request
 * ended is a second record, `outcome`, which nobody waits for: it rides with the next batch, or is written within a
 * second. A decision without an outcome is a call that was under way when the gateway died. The alternative, one record
 * when the answer is known, was not taken: a tool may then have acted on what no record tells of.
 */
import type { AuditConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Control } from '../controls/control.ts';
import { Chain } from './chain.ts';
import { Checkpointing } from './checkpointing.ts';
import type { AuditFile } from './file.ts';
import type { AuditRecord } from './record.ts';

export interface Audit extends Control {
  readonly mode: AuditConfig['mode'];
  /** Bytes of a torn record that were cut off when the log was opened. */
  readonly torn_bytes: number;
  /** Can records be written, as far as is known? */
  readonly healthy: boolean;
  /** Resolves once the record is durable; undefined in a mode in which nobody waits. @throws (rejects with) STORE */
  readonly commit: ((record: AuditRecord) => Promise<void>) | undefined;
  /** @throws WeighbridgeError STORE while records cannot be written. */
  decide(): undefined;
  /** Takes a record that nobody waits for. */
  note(record: AuditRecord): void;
  /** Resolves when all that was noted before is written, or could not be: `healthy` tells. */
  flush(): Promise<void>;
  /** Writes what is left, and the last checkpoint. */
  close(): Promise<void>;
}

/** Where a log stands that is about to be written to. */
export interface AuditState {
  file: AuditFile;
  chain: Chain;
  /** Bytes in the file. */
  length: number;
  torn_bytes: number;
  checkpointing: Checkpointing;
}

/** The state of an empty log; for tests, and for files that hold none. */
export const emptyLog = (file: AuditFile): AuditState => ({
  file,
  chain: new Chain(),
  length: 0,
  torn_bytes: 0,
  checkpointing: new Checkpointing(undefined),
});

/** Why a control refuses while records cannot be written. */
export const cannotWrite = (): WeighbridgeError => new WeighbridgeError('STORE', 'audit records cannot be written');
