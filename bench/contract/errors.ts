/**
 * Every error that leaves a room carries a stable code. The table says which exit code a command ends with; the
 * message says what is wrong, `where` says where it was found, `mend` what to do about it. No message holds a secret.
 */
export const exitCodeOf = {
  /** A fault of ours. */
  INTERNAL: 1,
  /** A threshold is inconclusive, or the machine is unfit to measure. */
  UNFIT: 98,
  /** A threshold broke. */
  THRESHOLD: 99,
  /** A deadline passed. */
  DEADLINE: 102,
  /** The arms do not do the same job. */
  PARITY: 103,
  /** Bad configuration or arguments. */
  CONFIG: 104,
  /** A port that we were told to use is taken. */
  PORT_TAKEN: 104,
  /** Stopped by the user. */
  STOPPED: 105,
  /** A digest or signature does not hold. */
  INTEGRITY: 106,
  /** A process of the campaign died or never became ready. */
  TIER_DEAD: 1,
  /** Spans, logs or rows could not be stored. */
  STORE: 1,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof exitCodeOf;

export interface ErrorDetail {
  /** File, key path, process or URL. */
  where?: string;
  /** What the reader can do about it. */
  mend?: string;
  cause?: unknown;
}

export class WeighbridgeError extends Error {
  override readonly name = 'WeighbridgeError';
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly mend: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.where = detail.where;
    this.mend = detail.mend;
  }

  get exitCode(): number {
    return exitCodeOf[this.code];
  }

  /** One to three lines for a terminal: what, where, mend. */
  explain(): string {
    const lines = [`${this.code}: ${this.message}`];
    if (this.where) lines.push(`  where: ${this.where}`);
    if (this.mend) lines.push(`  mend:  ${this.mend}`);
    return lines.join('\n');
  }
}
