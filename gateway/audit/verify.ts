/**
 * Does a log hold? Its own chain shows a record that was edited or removed by someone who did not recompute what follows.
 * Whoever owns the file can recompute it all; then the signed checkpoints show it, and they also show a tail that was cut
 * off (norm 35). What no checkpoint covers yet can be cut or rewritten unseen: the report says how much that is.
 */
import type { KeyObject } from 'node:crypto';
import { Chain } from './chain.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import type { StoredCheckpoint } from './checkpoints.ts';
import { readLines } from './lines.ts';
import { parseRecord } from './record.ts';

export interface Problem {
  kind: 'malformed' | 'sequence' | 'chain' | 'signature' | 'origin' | 'missing_records' | 'rewritten';
  /** `line 12`, or a checkpoint's file. */
  where: string;
  what: string;
}

export interface Verification {
  ok: boolean;
  problems: Problem[];
  records: number;
  /** Checkpoints whose signature holds. */
  checkpoints: number;
  /** Records that the latest of them covers; null where none were given. */
  covered: number | null;
  /** Bytes of a last line that was never finished: a crash leaves such, and the gateway cuts it off when it starts. */
  torn_bytes: number;
}

export interface VerifyOptions {
  checkpoints: readonly StoredCheckpoint[];
  publicKey: KeyObject;
  /** What the checkpoints must name as their log; absent: whatever it is, the same one in all. */
  origin?: string | undefined;
}

/** After so many, no further problem is listed: everything behind a removed record is one. */
const maxProblems = 20;

/**
 * Reads the whole log once.
 * @param options absent: the chain alone is checked, and `covered` is null.
 * @throws WeighbridgeError CONFIG where the file cannot be read.
 */
export async function verifyLog(file: string, options?: VerifyOptions): Promise<Verification> {
  const problems: Problem[] = [];
  const signed = options ? signedHeads(options, problems) : [];
  const { chain, torn_bytes } = await follow(file, signed, problems);
  for (const { file: where, size } of signed.filter((head) => head.size > chain.size)) {
    problems.push({
      kind: 'missing_records',
      where,
      what: `it covers ${size} records, the log holds ${chain.size}: its tail was cut off`,
    });
  }
  return {
    ok: problems.length === 0,
    problems: problems.slice(0, maxProblems),
    records: chain.size,
    checkpoints: signed.length,
    covered: options ? Math.min(chain.size, signed.at(-1)?.size ?? 0) : null,
    torn_bytes,
  };
}

type Head = Checkpoint & { file: string };

/** By size, smallest first. What is wrong with the others is added to the problems. */
function signedHeads(options: VerifyOptions, problems: Problem[]): Head[] {
  const heads: Head[] = [];
  let { origin } = options;
  for (const { file, note } of options.checkpoints) {
    const checkpoint = openCheckpoint(note, options.publicKey);
    if (!checkpoint) {
      problems.push({ kind: 'signature', where: file, what: 'it is not signed by this key, or was changed' });
      continue;
    }
    origin ??= checkpoint.origin;
    if (checkpoint.origin !== origin) {
      problems.push({ kind: 'origin', where: file, what: `it is of ${checkpoint.origin}, not of ${origin}` });
      continue;
    }
    heads.push({ ...checkpoint, file });
  }
  return heads.sort((a, b) => a.size - b.size);
}

/** Follows the chain to its end and compares its head with every checkpoint on the way. */
async function follow(
  file: string,
  heads: readonly Head[],
  problems: Problem[],
): Promise<{ chain: Chain; torn_bytes: number }> {
  const chain = new Chain();
  let torn_bytes = 0;
  let next = 0;
  const compare = (): void => {
    for (; heads[next]?.size === chain.size; next++) {
      const { root, file: where, size } = heads[next]!;
      if (root.equals(chain.root())) continue;
      const what = `the first ${size} records are not those that were signed: the log was rewritten`;
      problems.push({ kind: 'rewritten', where, what });
    }
  };
  compare();
  for await (const { text, whole, length } of readLines(file)) {
    if (!whole) {
      torn_bytes = length;
      break;
    }
    const problem = misfit(text, chain);
    if (problem) problems.push({ where: `line ${chain.size + 1}`, ...problem });
    chain.take(text ?? '');
    compare();
  }
  return { chain, torn_bytes };
}

function misfit(text: string | undefined, chain: Chain): Pick<Problem, 'kind' | 'what'> | undefined {
  const record = text === undefined ? undefined : parseRecord(text);
  if (!record) return { kind: 'malformed', what: 'it is no audit record in canonical form' };
  if (record.seq !== chain.size) {
    return { kind: 'sequence', what: `record ${record.seq} stands where record ${chain.size} should` };
  }
  if (record.prev !== chain.prev) {
    return { kind: 'chain', what: 'it does not follow from the line before: one of the two was changed' };
  }
  return undefined;
}
