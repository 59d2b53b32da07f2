/** Where the log stands: how many records, the last one's digest, the tree over all of them. */
import { Frontier, leafHash } from './merkle.ts';
import { type AuditRecord, chainedLine, lineDigest, noRecord } from './record.ts';

export class Chain {
  #prev = noRecord;
  #tree = new Frontier();

  get size(): number {
    return this.#tree.size;
  }

  /** What the next record's `prev` must be. */
  get prev(): string {
    return this.#prev;
  }

  /** Over all records so far. */
  root(): Buffer {
    return this.#tree.root();
  }

  /** Chains a record; gives its line, without newline. */
  append(record: AuditRecord): string {
    const line = chainedLine(record, this.size, this.#prev);
    this.take(line);
    return line;
  }

  /** Takes a line that was written earlier and found to fit. */
  take(line: string): void {
    this.#prev = lineDigest(line);
    this.#tree.append(leafHash(line));
  }

  /** For what may not come to be: the original stays as it is. */
  copy(): Chain {
    const copy = new Chain();
    copy.#prev = this.#prev;
    copy.#tree = this.#tree.copy();
    return copy;
  }
}
