/** The file that records are appended to, and how it is opened. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { WeighbridgeError } from '#contract/errors.ts';

/** What the audit needs of a file: a write may take less than it was given, or fail. */
export interface AuditFile {
  /** Appends what stands in `data` from `offset` on. */
  write(data: Buffer, offset: number): Promise<{ bytesWritten: number }>;
  /** Resolves once all that was written survives a loss of power (fdatasync). */
  sync(): Promise<void>;
  /** Cuts the file to this length in bytes. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface OpenedFile {
  file: AuditFile;
  /** A device or a pipe has no earlier records, and cannot be cut. */
  regular: boolean;
}

/** @throws WeighbridgeError CONFIG where the file cannot be opened for appending. */
export async function openAuditFile(path: string): Promise<OpenedFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'a', 0o600);
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `the audit file cannot be opened (${(cause as { code?: string }).code})`, {
      where: path,
      mend: 'name a file in a directory that exists and may be written to',
      cause,
    });
  }
  const file: AuditFile = {
    write: (data, offset) => handle.write(data, offset),
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
  return { file, regular: (await stat(path)).isFile() };
}

/** Appends all of it. @throws where the file takes no more; a full disk takes part, or nothing, without an error of its own. */
export async function writeAll(file: AuditFile, data: Buffer): Promise<void> {
  for (let written = 0; written < data.length; ) {
    const { bytesWritten } = await file.write(data, written);
    if (bytesWritten === 0) throw new Error('nothing was written');
    written += bytesWritten;
  }
}
