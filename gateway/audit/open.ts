import { dirname } from 'node:path';
import type { AuditConfig } from '#contract/config.ts';
import { syncPath } from '#contract/files.ts';
import { type Audit, type AuditState, emptyLog } from './audit.ts';
import { BufferedAudit } from './buffered.ts';
import { Checkpointing } from './checkpointing.ts';
import { Checkpoints } from './checkpoints.ts';
import { openAuditFile } from './file.ts';
import { GroupCommitAudit } from './groupCommit.ts';
import { recover } from './recover.ts';

/**
 * Opens a log, or begins one. What a crash left of an unfinished record is cut off (norm 37); the chain goes on behind it.
 * @throws WeighbridgeError CONFIG (file, key or directory that cannot be used), INTEGRITY (a log that was tampered with)
 */
export async function openAudit(config: AuditConfig): Promise<Audit> {
  const state = await openState(config);
  return config.mode === 'group_commit' ? new GroupCommitAudit(state) : new BufferedAudit(state);
}

/** The log's file, cut and ready for its next record. @throws as `openAudit` does */
export async function openState({ file: path, checkpoints: signed }: AuditConfig): Promise<AuditState> {
  const { file, regular } = await openAuditFile(path);
  try {
    const checkpoints = signed && (await Checkpoints.open(signed, path));
    const state = { ...emptyLog(file), checkpointing: new Checkpointing(checkpoints) };
    if (!regular) return state;
    const recovered = await recover(path, checkpoints?.latest);
    if (recovered.torn_bytes > 0) {
      await file.truncate(recovered.length);
      await file.sync();
    }
    // A new file's name is durable only once its directory is (norm 36).
    if (recovered.length === 0) await syncPath(dirname(path));
    return { ...state, ...recovered };
  } catch (error) {
    await file.close();
    throw error;
  }
}
