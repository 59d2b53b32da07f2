/** Reads a log line by line, in bytes, so that what is checked is what stands on the disk. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { WeighbridgeError } from '#contract/errors.ts';
import { type ChainedRecord, parseRecord } from './record.ts';

export interface LogLine {
  /** Without the newline; undefined where the bytes are no UTF-8. */
  text: string | undefined;
  /** Does a newline end it? Only the last line of a file may lack one. */
  whole: boolean;
  /** Bytes, the newline included. */
  length: number;
}

const newline = 0x0a;

/** @throws WeighbridgeError CONFIG where the file cannot be read. */
export async function* readLines(file: string): AsyncGenerator<LogLine> {
  let rest: Buffer[] = [];
  const lineOf = (whole: boolean): LogLine => {
    const bytes = rest.length === 1 ? rest[0]! : Buffer.concat(rest);
    rest = [];
    const length = bytes.length + (whole ? 1 : 0);
    return { text: isUtf8(bytes) ? bytes.toString('utf8') : undefined, whole, length };
  };
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1_048_576 }) as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
        rest.push(chunk.subarray(from, end));
        yield lineOf(true);
        from = end + 1;
      }
      if (from < chunk.length) rest.push(chunk.subarray(from));
    }
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `the audit log cannot be read (${(cause as { code?: string }).code})`, {
      where: file,
      mend: 'name the file that the gateway writes (controls.audit.file)',
      cause,
    });
  }
  if (rest.length > 0) yield lineOf(false);
}

export interface ReadRecord {
  record: ChainedRecord;
  /** As it stands in the file, without newline. */
  line: string;
}

/**
 * The records of a log; a last line that was not finished is left out. Does not check the chain.
 * @throws WeighbridgeError CONFIG, INTEGRITY (a line that is no record)
 */
export async function* readRecords(file: string): AsyncGenerator<ReadRecord> {
  let number = 0;
  for await (const { text, whole } of readLines(file)) {
    number++;
    if (!whole) return;
    const record = text === undefined ? undefined : parseRecord(text);
    if (!record) {
      throw new WeighbridgeError('INTEGRITY', `line ${number} is no audit record`, {
        where: `${file}:${number}`,
        mend: 'see what else does not hold: weighbridge audit verify FILE',
      });
    }
    yield { record, line: text! };
  }
}
