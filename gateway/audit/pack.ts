/**
 * What an auditor gets: the records, the checkpoints, proofs, the public key, and a text that says how to check them with
 * `sha256sum` and `openssl` alone. Whoever packs proves nothing by packing; the signatures do.
 */
import { hash, type KeyObject } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';
import { openCheckpoint } from './checkpoint.ts';
import type { StoredCheckpoint } from './checkpoints.ts';
import { readRecords } from './lines.ts';
import { consistencyProof, inclusionProof, leafHash, Tree } from './merkle.ts';
import { verifyLog } from './verify.ts';

export interface PackOptions {
  /** The log. */
  file: string;
  /** Where the pack goes: a directory that is not there yet, or is empty. */
  out: string;
  checkpoints: readonly StoredCheckpoint[];
  publicKey: KeyObject;
  /** Records to prove the inclusion of, by `seq`; absent: the last one that a checkpoint covers. */
  prove?: readonly number[] | undefined;
}

export interface Packed {
  records: number;
  checkpoints: number;
  /** Files written, relative to the directory. */
  files: string[];
}

/**
 * Writes a pack; packs nothing that does not verify.
 * @throws WeighbridgeError INTEGRITY (the log does not hold), CONFIG (directory, or a record that no checkpoint covers)
 */
export async function packLog(options: PackOptions): Promise<Packed> {
  const { file, out, checkpoints, publicKey } = options;
  await emptyDirectory(out);
  const verification = await verifyLog(file, { checkpoints, publicKey });
  if (!verification.ok || checkpoints.length === 0) {
    throw new WeighbridgeError('INTEGRITY', 'the log does not hold, or nothing of it was signed: nothing was packed', {
      where: file,
      mend: 'see why: weighbridge audit verify FILE --checkpoints DIR --key PUB',
    });
  }
  const covered = verification.covered!;
  const lines: string[] = [];
  for await (const { line } of readRecords(file)) lines.push(line);
  const contents = new Map<string, string>([
    // Only what is signed: of the rest an auditor can know nothing.
    [
      'records.jsonl',
      lines
        .slice(0, covered)
        .map((line) => `${line}\n`)
        .join(''),
    ],
    ['key.pem', publicKey.export({ format: 'pem', type: 'spki' }) as string],
    ...checkpoints.map(({ file: name, note }) => [`checkpoints/${name}`, note] as const),
    ...proofsOf(lines, options, covered),
    ['README.md', await readFile(new URL('./pack.README.md', import.meta.url), 'utf8')],
  ]);
  const sums = [...contents].map(([name, text]) => `${hash('sha256', text, 'hex')}  ${name}\n`);
  contents.set('SHA256SUMS', sums.join(''));
  for (const folder of ['checkpoints', 'proofs']) await mkdir(join(out, folder), { recursive: true });
  for (const [name, text] of contents) await writeFile(join(out, name), text, { flag: 'wx' });
  return { records: covered, checkpoints: checkpoints.length, files: [...contents.keys()].sort() };
}

function* proofsOf(lines: string[], options: PackOptions, covered: number): Generator<[name: string, text: string]> {
  const tree = new Tree(lines.slice(0, covered).map((line) => leafHash(line)));
  for (const index of options.prove ?? [covered - 1]) {
    if (!Number.isSafeInteger(index) || index < 0 || index >= covered) {
      throw new WeighbridgeError('CONFIG', `record ${index} is covered by no checkpoint`, {
        where: '--prove',
        mend: `name records from 0 to ${covered - 1}`,
      });
    }
    yield [`proofs/inclusion-${index}.txt`, inclusionText(tree, index)];
  }
  const sizes = options.checkpoints.map(({ note }) => openCheckpoint(note, options.publicKey)!.size);
  for (const [i, size] of sizes.sort((a, b) => a - b).entries()) {
    const next = sizes[i + 1];
    if (next === undefined || next === size) continue;
    const proof = consistencyProof(tree, size, next).map((node) => node.toString('base64'));
    yield [`proofs/consistency-${size}-${next}.txt`, `${[`sizes ${size} ${next}`, ...proof].join('\n')}\n`];
  }
}

/** A line per step from the leaf to the root: on which side the other hash stands, and the hash in base64. */
function inclusionText(tree: Tree, index: number): string {
  const sides: string[] = [];
  let [at, last] = [index, tree.size - 1];
  for (; last > 0; [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]) {
    // The last node of a level without a partner goes up as it is, and needs no step.
    if (at % 2 === 1) sides.push('left');
    else if (at < last) sides.push('right');
  }
  const steps = inclusionProof(tree, index).map((node, i) => `${sides[i]} ${node.toString('base64')}`);
  return `${[`record ${index} of ${tree.size}`, ...steps].join('\n')}\n`;
}

async function emptyDirectory(out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true, mode: 0o700 });
    if ((await readdir(out)).length === 0) return;
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `the pack cannot be written (${(cause as { code?: string }).code})`, {
      where: out,
      mend: 'name a directory that can be made',
      cause,
    });
  }
  throw new WeighbridgeError('CONFIG', 'the directory is not empty', { where: out, mend: 'name a new one with --out' });
}
