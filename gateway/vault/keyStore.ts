/**
 * The seam for wherever master keys live. The vault never sees one: it hands over a data key and gets it back wrapped
 * (envelope encryption, NIST SP 800-57 part 1, §5.3.5 on key wrapping). `fileKeyStore.ts` keeps them in a file; a
 * hardware module or a key service stands behind the same methods and needs no change in the vault. One vault per key store:
 * a rotation retires every master key that its own vault does not need.
 *
 * What an implementation owes: `context` is authenticated with the wrapped key, so that a key that was wrapped for one
 * entry opens no other; `unwrap` throws on anything that was altered; no key, wrapped or not, in any error.
 */
export interface KeyStore {
  /** Id of the master key that wraps from now on. */
  readonly current: string;
  /** Of all master keys that it holds now, whoever took them into use. */
  ids(): Promise<readonly string[]>;
  /** By the master key that is in use now, whoever took it into use. @param dataKey 32 bytes; the caller wipes them */
  wrap(dataKey: Buffer, context: string): Promise<WrappedKey>;
  /** @throws WeighbridgeError INTEGRITY where the key or the context is another one, CONFIG where the master key is unknown */
  unwrap(wrapped: WrappedKey, context: string): Promise<Buffer>;
  /** Takes a new master key into use; the old ones still unwrap. @returns its id */
  rotate(): Promise<string>;
  /** Forgets a master key for good: whatever it wrapped last is lost with it. @throws WeighbridgeError CONFIG for the current one */
  retire(keyId: string): Promise<void>;
}

export interface WrappedKey {
  /** Master key that wrapped it. */
  readonly key_id: string;
  /** Base64url; its form is the key store's affair. */
  readonly wrapped: string;
}
