/** AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce per message (§8.2.2): nonce, tag and ciphertext in a row. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
export const sealingKey_bytes = 32;
const nonce_bytes = 12;
const tag_bytes = 16;
const head_bytes = nonce_bytes + tag_bytes;

/** @param context authenticated, not encrypted */
export function sealed(key: Buffer, plain: Buffer, context: Buffer): Buffer {
  const nonce = randomBytes(nonce_bytes);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tag_bytes }).setAAD(context);
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** Undefined where key, context or message is not the one that was sealed. */
export function unsealed(key: Buffer, message: Buffer, context: Buffer): Buffer | undefined {
  if (message.length < head_bytes) return undefined;
  const nonce = message.subarray(0, nonce_bytes);
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tag_bytes }).setAAD(context);
  decipher.setAuthTag(message.subarray(nonce_bytes, head_bytes));
  try {
    return Buffer.concat([decipher.update(message.subarray(head_bytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}
