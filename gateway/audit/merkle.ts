/**
 * The Merkle tree of RFC 6962 §2.1 over SHA-256: leaves are hashed behind a byte 0x00 and nodes behind 0x01, so that
 * neither passes for the other; a tree of n leaves splits at the largest power of two below n. Proofs are checked as in
 * RFC 9162 §2.1.3.2 and §2.1.4.2. Pure.
 */
import { hash } from 'node:crypto';

const sha256 = (data: Buffer): Buffer => hash('sha256', data, 'buffer');
const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/** Root of the tree without leaves. */
export const emptyRoot: Buffer = sha256(Buffer.alloc(0));

export const leafHash = (data: Buffer | string): Buffer =>
  sha256(Buffer.concat([leafPrefix, typeof data === 'string' ? Buffer.from(data) : data]));

export const nodeHash = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.concat([nodePrefix, left, right]));

/** A growing tree of which only the roots of its complete subtrees are kept: one hash per set bit of its size. */
export class Frontier {
  size = 0;
  #peaks: Buffer[] = [];

  /** Takes a leaf's hash. */
  append(leaf: Buffer): void {
    let node = leaf;
    for (let rest = this.size; rest % 2 === 1; rest = (rest - 1) / 2) node = nodeHash(this.#peaks.pop()!, node);
    this.#peaks.push(node);
    this.size++;
  }

  root(): Buffer {
    return this.#peaks.length === 0 ? emptyRoot : this.#peaks.reduceRight((right, left) => nodeHash(left, right));
  }

  copy(): Frontier {
    const copy = new Frontier();
    copy.size = this.size;
    copy.#peaks = [...this.#peaks];
    return copy;
  }
}

/** A whole tree with the roots of all its complete subtrees, so that a proof costs hashes by its length alone. */
export class Tree {
  /** By height: roots of the complete subtrees of 2^height leaves, from the left. */
  readonly #levels: Buffer[][];

  /** @param leaves their hashes */
  constructor(leaves: readonly Buffer[]) {
    let level = [...leaves];
    this.#levels = [level];
    while (level.length > 1) {
      const above: Buffer[] = [];
      for (let i = 0; i + 1 < level.length; i += 2) above.push(nodeHash(level[i]!, level[i + 1]!));
      this.#levels.push(above);
      level = above;
    }
  }

  get size(): number {
    return this.#levels[0]!.length;
  }

  /** Root over so many leaves from `start` on, which is a multiple of the power of two at or above their number. */
  rootOf(start: number, count: number): Buffer {
    const known = isPowerOfTwo(count) ? this.#levels[Math.log2(count)]?.[start / count] : undefined;
    if (known) return known;
    const k = splitOf(count);
    return nodeHash(this.rootOf(start, k), this.rootOf(start + k, count - k));
  }
}

/** Root over leaf hashes. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  const frontier = new Frontier();
  for (const leaf of leaves) frontier.append(leaf);
  return frontier.root();
}

/** The largest power of two below n; n is at least 2. */
function splitOf(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** RFC 6962 §2.1.1: the hashes that lead from one leaf to the root, from the leaf upwards. `index` is below the size. */
export function inclusionProof(tree: Tree, index: number): Buffer[] {
  const proof: Buffer[] = [];
  let [start, count] = [0, tree.size];
  while (count > 1) {
    const k = splitOf(count);
    const isLeft = index - start < k;
    proof.push(isLeft ? tree.rootOf(start + k, count - k) : tree.rootOf(start, k));
    [start, count] = isLeft ? [start, k] : [start + k, count - k];
  }
  return proof.reverse();
}

/**
 * RFC 6962 §2.1.2: shows that the tree over the first `first` leaves is the beginning of the tree over the first `second`
 * (SUBPROOF, without recursion).
 */
export function consistencyProof(tree: Tree, first: number, second = tree.size): Buffer[] {
  if (first === 0 || first === second) return [];
  const proof: Buffer[] = [];
  let [start, count] = [0, second];
  while (start + count !== first) {
    const k = splitOf(count);
    const isLeft = first - start <= k;
    proof.push(isLeft ? tree.rootOf(start + k, count - k) : tree.rootOf(start, k));
    [start, count] = isLeft ? [start, k] : [start + k, count - k];
  }
  // The verifier knows this one where it is the whole of the smaller tree.
  if (start > 0) proof.push(tree.rootOf(start, count));
  return proof.reverse();
}

export interface InclusionClaim {
  leaf: Buffer;
  index: number;
  size: number;
  root: Buffer;
}

/** Is the leaf at this index of the tree with this root? RFC 9162 §2.1.3.2. */
export function verifyInclusion({ leaf, index, size, root }: InclusionClaim, proof: readonly Buffer[]): boolean {
  if (index < 0 || index >= size) return false;
  let [at, last, node] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      node = nodeHash(sibling, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else node = nodeHash(node, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && node.equals(root);
}

export interface TreeHead {
  size: number;
  root: Buffer;
}

/** Is the smaller tree the beginning of the larger one? RFC 9162 §2.1.4.2. */
export function verifyConsistency(first: TreeHead, second: TreeHead, proof: readonly Buffer[]): boolean {
  if (first.size > second.size) return false;
  if (first.size === second.size) return proof.length === 0 && first.root.equals(second.root);
  if (first.size === 0) return proof.length === 0 && first.root.equals(emptyRoot);
  const [start, ...rest] = isPowerOfTwo(first.size) ? [first.root, ...proof] : proof;
  if (start === undefined) return false;
  let [at, last] = [first.size - 1, second.size - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  let [older, newer] = [start, start];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else newer = nodeHash(newer, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && older.equals(first.root) && newer.equals(second.root);
}

/** Arithmetic, not shifts: these are sizes that may exceed 32 bits. */
const half = (n: number): number => Math.floor(n / 2);
const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n)) && 2 ** Math.log2(n) === n;
