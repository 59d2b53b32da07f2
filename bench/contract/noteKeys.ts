/**
 * Ed25519 keys (RFC 8032) as signed notes name them (c2sp.org/signed-note): the publishers of plugins and the signers of
 * the audit log's checkpoints alike.
 */
import { createPublicKey, hash, type KeyObject } from 'node:crypto';

const ed25519Type = 0x01;
/** DER of an Ed25519 public key (RFC 8410) ends in the 32 bytes of the key. */
const rawKey_bytes = 32;
export const keyId_bytes = 4;

/**
 * Signature type and public key, 33 bytes.
 * @param key an Ed25519 one; of a private key it is its public half
 */
export function typedKey(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-rawKey_bytes);
  return Buffer.concat([Buffer.of(ed25519Type), raw]);
}

/** The public key of what `typedKey` gives; undefined where the bytes are none. */
export function keyOfTyped(typed: Buffer): KeyObject | undefined {
  if (typed.length !== 1 + rawKey_bytes || typed[0] !== ed25519Type) return undefined;
  const x = typed.subarray(1).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

/** The first four bytes of SHA-256 over name, newline, signature type, public key. */
export const keyId = (name: string, key: KeyObject): Buffer =>
  hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), typedKey(key)]), 'buffer').subarray(0, keyId_bytes);
