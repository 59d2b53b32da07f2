/** An agent's state file in the hands of someone who copied it, and the file of its key where there is one. */
import { createDecipheriv } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { AgentConfig } from '#contract/config.ts';

const stateSchema = z.object({
  owner: z.object({ client_id: z.string() }),
  session: z.object({
    refresh_token: z.string(),
    pkce: z.boolean().optional(),
    tokens: z.record(z.string(), z.object({ access_token: z.string() })),
  }),
});
export type State = z.infer<typeof stateSchema>;

/** For evidence. A release that did not note it has said nothing of PKCE, for or against. */
export function howAuthorized({ session: { pkce } }: State): string {
  if (pkce === undefined) return 'nobody noted whether it was made with PKCE';
  return pkce ? 'made with PKCE' : 'made without PKCE';
}

/** Layout of an encrypted one: four bytes and the context's digest, all authenticated; nonce; tag; text. */
const header_bytes = 36;
const nonce_bytes = 12;
const tag_bytes = 16;

/** Undefined where the agent keeps none. @throws where the key is not the file's */
export function readState({ state }: AgentConfig): State | undefined {
  if (!state || !existsSync(state.file)) return undefined;
  const sealed = readFileSync(state.file);
  const { key } = state;
  const text = key && 'file' in key ? decrypted(sealed, Buffer.from(readFileSync(key.file, 'utf8'), 'hex')) : sealed;
  return stateSchema.parse(JSON.parse(text.toString()));
}

function decrypted(sealed: Buffer, key: Buffer): Buffer {
  const nonceEnd = header_bytes + nonce_bytes;
  const nonce = sealed.subarray(header_bytes, nonceEnd);
  const decrypt = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tag_bytes });
  decrypt.setAAD(sealed.subarray(0, header_bytes));
  decrypt.setAuthTag(sealed.subarray(nonceEnd, nonceEnd + tag_bytes));
  return Buffer.concat([decrypt.update(sealed.subarray(nonceEnd + tag_bytes)), decrypt.final()]);
}
