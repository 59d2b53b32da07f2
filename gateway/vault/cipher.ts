/** What is sealed (`#contract/sealing.ts`), as the text that stands in the vault's files: base64url. */
import { sealed, sealingKey_bytes, unsealed } from '#contract/sealing.ts';

export const key_bytes = sealingKey_bytes;

/** @param context authenticated, not encrypted */
export const encrypt = (key: Buffer, plain: Buffer, context: string): string =>
  sealed(key, plain, Buffer.from(context)).toString('base64url');

/** undefined where key, context or message is not the one that was encrypted. */
export const decrypt = (key: Buffer, message: string, context: string): Buffer | undefined =>
  unsealed(key, Buffer.from(message, 'base64url'), Buffer.from(context));
