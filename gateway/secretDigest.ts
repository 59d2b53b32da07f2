/** Secrets that callers show, held as digests and compared in constant time, whatever the lengths (norm 34). */
import { createHash, timingSafeEqual } from 'node:crypto';

export const secretDigest = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Is this the secret that the digest was made of? */
export const isSecretOf = (digest: Buffer, given: string): boolean => timingSafeEqual(digest, secretDigest(given));
