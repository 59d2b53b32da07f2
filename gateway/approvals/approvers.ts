/** Who may decide, and the sessions of those who came by browser. */
import { randomBytes } from 'node:crypto';
import type { ApprovalConfig } from '#contract/config.ts';
import type { Clock } from '../clock.ts';
import { isSecretOf, secretDigest } from '../secretDigest.ts';

export class Approvers {
  readonly ids: ReadonlySet<string>;
  readonly #known: readonly { readonly id: string; readonly secret: Buffer }[];

  constructor(approvers: ApprovalConfig['approvers']) {
    this.#known = approvers.map(({ id, secret }) => ({ id, secret: secretDigest(secret) }));
    this.ids = new Set(approvers.map(({ id }) => id));
  }

  /** Whose secret it is; every one is compared, in constant time, whatever the lengths (norm 34). */
  identify(secret: string): string | undefined {
    let found: string | undefined;
    for (const { id, secret: known } of this.#known) if (isSecretOf(known, secret)) found = id;
    return found;
  }
}

const life_ms = 1_800_000;
const maxSessions = 1_000;
export const sessionCookie = 'weighbridge-approver';

export interface Session {
  readonly approver: string;
  /** Stands in each form: a page from elsewhere cannot know it. */
  readonly form_token: string;
  readonly ends_ms: number;
}

/** In memory: after a restart, approvers sign in again. */
export class Sessions {
  readonly #clock: Clock;
  /** By digest, so that looking one up tells nothing of the others. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The cookie's value. */
  open(approver: string): string {
    const cookie = randomBytes(32).toString('base64url');
    const form_token = randomBytes(32).toString('base64url');
    if (this.#sessions.size >= maxSessions) this.#sessions.delete(this.#sessions.keys().next().value!);
    this.#sessions.set(keyOf(cookie), { approver, form_token, ends_ms: this.#clock.monotonic_ms() + life_ms });
    return cookie;
  }

  /** By the Cookie field of a request. */
  find(field: string | undefined): Session | undefined {
    const cookie = cookieIn(field);
    const session = cookie === undefined ? undefined : this.#sessions.get(keyOf(cookie));
    return session && this.#clock.monotonic_ms() < session.ends_ms ? session : undefined;
  }

  end(field: string | undefined): void {
    const cookie = cookieIn(field);
    if (cookie !== undefined) this.#sessions.delete(keyOf(cookie));
  }
}

/** Constant-time, whatever the lengths. */
export const isFormToken = (session: Session, token: string | null): boolean =>
  isSecretOf(secretDigest(session.form_token), token ?? '');

const keyOf = (cookie: string): string => secretDigest(cookie).toString('hex');

function cookieIn(field: string | undefined): string | undefined {
  const pair = field
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${sessionCookie}=`));
  return pair?.slice(sessionCookie.length + 1);
}
