/**
 * The provider's storage: maps with expiry, in memory. The provider's own keeps 1,000 entries and drops the oldest,
 * which in a long campaign would be somebody's grant.
 */
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';

interface Entry {
  payload: AdapterPayload;
  expires_ms: number;
}

/** Expired entries are swept once per this many writes, so that a long campaign stays small. */
const sweepEvery = 1_000;

export class Store {
  readonly #entries = new Map<string, Entry>();
  readonly #byGrant = new Map<string, Set<string>>();
  readonly #byUid = new Map<string, string>();
  readonly #now_ms: () => number;
  #writes = 0;

  constructor(now_ms: () => number) {
    this.#now_ms = now_ms;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(key: string): AdapterPayload | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry.expires_ms > this.#now_ms()) return entry.payload;
    this.delete(key);
    return undefined;
  }

  findByUid(uid: string): AdapterPayload | undefined {
    const key = this.#byUid.get(uid);
    return key === undefined ? undefined : this.find(key);
  }

  set(key: string, payload: AdapterPayload, expiresIn_s: number | undefined): void {
    this.delete(key);
    this.#entries.set(key, {
      payload,
      expires_ms: expiresIn_s === undefined ? Number.POSITIVE_INFINITY : this.#now_ms() + expiresIn_s * 1000,
    });
    if (payload.uid) this.#byUid.set(payload.uid, key);
    if (payload.grantId) {
      const members = this.#byGrant.get(payload.grantId);
      if (members) members.add(key);
      else this.#byGrant.set(payload.grantId, new Set([key]));
    }
    if (++this.#writes % sweepEvery === 0) this.#sweep();
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    const { uid, grantId } = entry.payload;
    if (uid && this.#byUid.get(uid) === key) this.#byUid.delete(uid);
    const members = grantId ? this.#byGrant.get(grantId) : undefined;
    if (grantId && members?.delete(key) && members.size === 0) this.#byGrant.delete(grantId);
  }

  /** Deletes everything that was issued under a grant, and the grant. */
  deleteFamily(grantId: string): void {
    for (const key of this.#byGrant.get(grantId) ?? []) this.delete(key);
    this.delete(`Grant:${grantId}`);
  }

  #sweep(): void {
    const now_ms = this.#now_ms();
    for (const [key, entry] of this.#entries) if (entry.expires_ms <= now_ms) this.delete(key);
  }
}

/** One model's view of the store, in the shape that the provider asks for. */
export class StoreAdapter implements Adapter {
  readonly #model: string;
  readonly #store: Store;
  readonly #now_ms: () => number;

  constructor(model: string, store: Store, now_ms: () => number) {
    this.#model = model;
    this.#store = store;
    this.#now_ms = now_ms;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn_s?: number): Promise<void> {
    this.#store.set(this.#key(id), payload, expiresIn_s);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#store.find(this.#key(id));
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#store.findByUid(uid);
  }

  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  /**
   * Marks a code or refresh token as used, exactly once. The provider looks first and marks later; what lies between is
   * its affair, and two redemptions that both got past the look must not both succeed. The second one fails here, and,
   * as with any reuse, takes the whole family with it (RFC 9700 §4.14.2).
   */
  async consume(id: string): Promise<void> {
    const payload = this.#store.find(this.#key(id));
    if (!payload || payload.consumed) {
      if (payload?.grantId) this.#store.deleteFamily(payload.grantId);
      throw new errors.InvalidGrant('already used');
    }
    payload.consumed = Math.floor(this.#now_ms() / 1000);
  }

  async destroy(id: string): Promise<void> {
    this.#store.delete(this.#key(id));
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    this.#store.deleteFamily(grantId);
  }

  #key(id: string): string {
    return `${this.#model}:${id}`;
  }
}
