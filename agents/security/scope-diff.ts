/**
 * Scope difference: the scopes that were granted against those that the plugins' manifests declare, when the agent has
 * logged in and then every so often. A grant that is broader than the manifests is more than any plugin may use, and is
 * worth stealing; a narrower one makes calls fail. What is found goes into the agent's audit file.
 */
import { scopeHash } from './scope-hash.ts';

export interface ScopeDifference {
  /** Granted, and declared by no plugin. */
  undeclared: string[];
  /** Declared, and not granted. */
  ungranted: string[];
}

export function scopeDifference(declared: ReadonlySet<string>, granted: ReadonlySet<string>): ScopeDifference {
  return {
    undeclared: [...granted].filter((scope) => !declared.has(scope)).sort(),
    ungranted: [...declared].filter((scope) => !granted.has(scope)).sort(),
  };
}

export interface ScopeDiffRecord extends ScopeDifference {
  kind: 'scope_diff';
  /** ISO 8601. */
  time: string;
  agent: string;
  /** `drift` is a finding. */
  result: 'match' | 'drift';
  declared_hash: string;
  granted_hash: string;
}

export interface ScopeDiffOptions {
  agent_id: string;
  /** Seconds between two checks; 0: there are none. */
  interval_s: number;
  /** Of all plugins' manifests. */
  declared: ReadonlySet<string>;
  /** What the authority has granted so far, by its own answers. */
  granted: () => ReadonlySet<string>;
  /** Epoch ms. */
  now_ms: () => number;
  note: (record: ScopeDiffRecord) => void;
}

/** Checks on a timer of its own, never on a call. */
export class ScopeDiffCheck {
  readonly #options: ScopeDiffOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ScopeDiffOptions) {
    this.#options = options;
  }

  /** Checks at once, and from now on at each interval. */
  start(): void {
    const { interval_s } = this.#options;
    this.stop();
    if (interval_s === 0) return;
    this.check();
    this.#timer = setInterval(() => this.check(), interval_s * 1000);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  check(): void {
    const { agent_id, declared, granted, now_ms, note } = this.#options;
    const now = granted();
    const difference = scopeDifference(declared, now);
    note({
      kind: 'scope_diff',
      time: new Date(now_ms()).toISOString(),
      agent: agent_id,
      result: difference.undeclared.length + difference.ungranted.length === 0 ? 'match' : 'drift',
      declared_hash: scopeHash(declared),
      granted_hash: scopeHash(now),
      ...difference,
    });
  }
}
