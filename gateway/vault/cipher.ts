/** AES-256-GCM (NIST SP 800-38D) with a fresh 96-bit nonce per message: nonce, tag and ciphertext as one string. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
export const key_bytes = 32;
const nonce_bytes = 12;
const tag_bytes = 16;

/** @param context authenticated, not encrypted */
export function encrypt(key: Buffer, plain: Buffer, context: string): string {
  const nonce = randomBytes(nonce_bytes);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tag_bytes });
  cipher.setAAD(Buffer.from(context, 'utf8'));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
}

/** undefined where key, context or message is not the one that was encrypted. */
export function decrypt(key: Buffer, message: string, context: string): Buffer | undefined {
  const bytes = Buffer.from(message, 'base64url');
  if (bytes.length < nonce_bytes + tag_bytes) return undefined;
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonce_bytes), { authTagLength: tag_bytes });
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(bytes.subarray(nonce_bytes, nonce_bytes + tag_bytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonce_bytes + tag_bytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}
