/** Progress of a recording, which is many campaigns: how many blocks are kept, and how long the rest will take. */
import { formatLeft, type Progress, type ProgressStep, roundOf } from '../campaign/progress.ts';

export interface TallyCounts {
  kept: number;
  voided: number;
}

/** `37 of 220 blocks kept, 2 void · 7.9 s a block · about 24 min 05 s left` */
export function tallyLine({ kept, voided }: TallyCounts, wanted: number, perKept_s: number | null): string {
  const pace =
    perKept_s === null
      ? 'estimating the time left'
      : `${perKept_s.toFixed(1)} s a kept block · about ${formatLeft(perKept_s * Math.max(0, wanted - kept))} left`;
  return `${kept} of ${wanted} blocks kept, ${voided} void · ${pace}`;
}

/** On a terminal a line that is rewritten; elsewhere a line per block, for a log. */
export class Tally implements Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #wanted: number;
  readonly #now_ms: () => number;
  readonly #started_ms: number;
  #counts: TallyCounts = { kept: 0, voided: 0 };
  /** Kept before this sitting; null until it has begun. */
  #before: number | null = null;
  #drawn_ms = 0;

  constructor(stream: NodeJS.WriteStream, wanted: number, now_ms: () => number) {
    this.#stream = stream;
    this.#wanted = wanted;
    this.#now_ms = now_ms;
    this.#started_ms = now_ms();
  }

  /** What the complete parts come to. */
  take(counts: TallyCounts): void {
    this.#counts = { ...counts };
    this.#before ??= counts.kept;
  }

  /** Of the part under way, from a sitting before. */
  add({ kept, voided }: TallyCounts): void {
    this.#counts.kept += kept;
    this.#counts.voided += voided;
    if (this.#before !== null) this.#before += kept;
  }

  stored(voided: string | null): void {
    if (voided === null) this.#counts.kept++;
    else this.#counts.voided++;
    if (!this.#stream.isTTY) this.note(this.line);
  }

  get line(): string {
    const { kept } = this.#counts;
    const since = kept - (this.#before ?? kept);
    const perKept_s = since > 0 ? (this.#now_ms() - this.#started_ms) / 1_000 / since : null;
    return tallyLine(this.#counts, this.#wanted, perKept_s);
  }

  step(step: ProgressStep): void {
    if (!this.#stream.isTTY || this.#now_ms() - this.#drawn_ms < 100) return;
    this.#drawn_ms = this.#now_ms();
    const text = `${this.line} · ${roundOf(step)}`;
    this.#stream.write(`\r\u001b[2K${text.slice(0, Math.max(20, this.#stream.columns - 1))}`);
  }

  note(text: string): void {
    this.#stream.write(`${this.#stream.isTTY ? '\r\u001b[2K' : ''}${text}\n`);
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[2K');
  }
}
