/** What a gateway does with the log that it finds when it starts (norm 37). */
import { WeighbridgeError } from '#contract/errors.ts';
import { Chain } from './chain.ts';
import type { Checkpoint } from './checkpoint.ts';
import { readLines } from './lines.ts';
import { parseRecord } from './record.ts';

export interface Recovered {
  chain: Chain;
  /** Bytes of whole records. */
  length: number;
  /** Bytes behind them: of a record that was being written when the gateway died, and so was never acknowledged. */
  torn_bytes: number;
}

/**
 * Reads a log from its beginning and says where it stands. The only damage that a crash can do is a last line without
 * its end; anything else, and a log that the latest checkpoint does not fit, has another cause, and the gateway must not
 * go on signing behind it.
 * @throws WeighbridgeError INTEGRITY
 */
export async function recover(file: string, latest: Checkpoint | undefined): Promise<Recovered> {
  const chain = new Chain();
  let length = 0;
  let torn_bytes = 0;
  const refuse = (what: string): WeighbridgeError =>
    new WeighbridgeError('INTEGRITY', `the audit log cannot be continued: ${what}`, {
      where: file,
      mend: 'keep it as evidence, find out what happened (weighbridge audit verify), and start a new log elsewhere',
    });
  const compare = (): void => {
    if (latest?.size === chain.size && !latest.root.equals(chain.root())) {
      throw refuse(`its first ${latest.size} records are not those that were signed`);
    }
  };
  compare();
  for await (const line of readLines(file)) {
    if (!line.whole) {
      torn_bytes = line.length;
      break;
    }
    const record = line.text === undefined ? undefined : parseRecord(line.text);
    if (record?.seq !== chain.size || record.prev !== chain.prev) {
      throw refuse(`line ${chain.size + 1} does not follow from the one before`);
    }
    chain.take(line.text!);
    length += line.length;
    compare();
  }
  if (latest && chain.size < latest.size) {
    throw refuse(`it holds ${chain.size} records, and ${latest.size} were signed`);
  }
  return { chain, length, torn_bytes };
}
