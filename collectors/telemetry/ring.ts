/** Where spans are noted: slots that are made once and used again, so that a request allocates next to nothing. */
import type { ActiveSpan, SpanKind, TraceContext } from './types.ts';

export type AttributeValue = string | number | bigint;

const idle = 0;
const active = 1;
const ended = 2;
/** Entries of a slot's attribute list before it has to grow. */
const attributeRoom = 16;

/** One span; its times are monotonic nanoseconds. Tiers see it as an ActiveSpan. */
export class SpanSlot implements ActiveSpan {
  readonly propagated = true;
  traceId = '';
  spanId = '';
  flags = 0;
  tracestate = '';
  name = '';
  kind: SpanKind = 'internal';
  /** '' for a root. */
  parentSpanId = '';
  /** Whether the parent's context came over the wire. */
  parentRemote = false;
  startNs = 0n;
  endNs = 0n;
  /** '' where the span is no error. */
  errorType = '';
  /** Key, value, key, value …, of which the first `attributeCount` entries count. */
  readonly attributes: AttributeValue[] = new Array(attributeRoom);
  attributeCount = 0;
  #state: number = idle;
  readonly #ring: SpanRing;

  constructor(ring: SpanRing) {
    this.#ring = ring;
  }

  rootOf(traceId: string, flags: number): void {
    this.traceId = traceId;
    this.flags = flags;
    this.tracestate = '';
    this.parentSpanId = '';
    this.parentRemote = false;
  }

  childOf(parent: TraceContext): void {
    this.traceId = parent.traceId;
    this.flags = parent.flags;
    this.tracestate = parent.tracestate;
    this.parentSpanId = parent.spanId;
    this.parentRemote = !(parent instanceof SpanSlot);
  }

  begin(spanId: string, name: string, kind: SpanKind, startNs: bigint): void {
    this.spanId = spanId;
    this.name = name;
    this.kind = kind;
    this.startNs = startNs;
    this.errorType = '';
    this.attributeCount = 0;
    this.#state = active;
  }

  set(key: string, value: AttributeValue): void {
    this.attributes[this.attributeCount++] = key;
    this.attributes[this.attributeCount++] = value;
  }

  fail(errorType: string): void {
    this.errorType = errorType;
  }

  end(endNs: bigint = process.hrtime.bigint()): void {
    if (this.#state !== active) return;
    this.#state = ended;
    this.endNs = endNs;
    this.#ring.noteEnded(this);
  }
}

/**
 * The slots of a process. Ended spans hold theirs until they were exported, so a slot never serves two spans between
 * two drains; when none is left, spans are counted as dropped but still have ids.
 */
export class SpanRing {
  /** Since the last `resetCounts`. */
  started = 0;
  dropped = 0;
  readonly #recycle: boolean;
  readonly #free: SpanSlot[];
  #freeCount: number;
  readonly #ended: SpanSlot[];
  #endedCount = 0;
  #active = 0;
  #closed = false;

  /**
   * @param recycle where nobody drains (a tier without a collector), the ended spans' slots are used again once all are
   * taken.
   */
  constructor(capacity: number, recycle: boolean) {
    this.#recycle = recycle;
    this.#free = Array.from({ length: capacity }, () => new SpanSlot(this));
    this.#freeCount = capacity;
    this.#ended = this.#free.slice();
  }

  /** A slot for a span that starts now. */
  acquire(): SpanSlot {
    this.started++;
    if (this.#freeCount === 0 && this.#recycle) this.release(this.takeEnded());
    if (this.#freeCount === 0 || this.#closed) {
      this.dropped++;
      return new SpanSlot(lost);
    }
    this.#active++;
    return this.#free[--this.#freeCount]!;
  }

  noteEnded(slot: SpanSlot): void {
    if (this.#closed) return;
    this.#active--;
    this.#ended[this.#endedCount++] = slot;
  }

  /** The spans that ended since the last call, in the order in which they ended; give them back with `release`. */
  takeEnded(): SpanSlot[] {
    const taken = this.#ended.slice(0, this.#endedCount);
    this.#endedCount = 0;
    return taken;
  }

  release(slots: readonly SpanSlot[]): void {
    for (const slot of slots) this.#free[this.#freeCount++] = slot;
  }

  resetCounts(): void {
    this.started = 0;
    this.dropped = 0;
  }

  /** From here on every span is dropped, those under way included. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.dropped += this.#active;
    this.#active = 0;
  }
}

/** Where the slots of dropped spans end: nowhere. */
const lost = new SpanRing(0, false);
lost.close();
