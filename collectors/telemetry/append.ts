/** Appending to a file so that what stands in it is whole. */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { WeighbridgeError } from '#contract/errors.ts';

type Write = (fd: number, bytes: Uint8Array, offset: number, length: number) => number;

/**
 * Appends all of the text or nothing. A full disk makes `writeSync` return a short count without throwing: write on
 * until all is in, and where that fails, take back what was written.
 * @throws WeighbridgeError STORE
 */
export function appendWhole(path: string, text: string, write: Write = writeSync): void {
  const bytes = Buffer.from(text);
  let fd: number | undefined;
  let before: number | undefined;
  try {
    fd = openSync(path, 'a');
    before = fstatSync(fd).size;
    let done = 0;
    while (done < bytes.length) {
      const count = write(fd, bytes, done, bytes.length - done);
      if (count === 0) throw new Error(`only ${done} of ${bytes.length} bytes could be written`);
      done += count;
    }
  } catch (cause) {
    if (fd !== undefined && before !== undefined) takeBack(fd, before);
    throw new WeighbridgeError('STORE', `log lines could not be written: ${(cause as Error).message}`, {
      where: path,
      mend: 'free some space on that disk, or write the results elsewhere (--out)',
      cause,
    });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function takeBack(fd: number, size: number): void {
  try {
    ftruncateSync(fd, size);
  } catch {
    // A device cannot be cut; the error that brought us here is thrown by the caller.
  }
}
