/**
 * Signed notes (c2sp.org/signed-note): a text, an empty line, and a line `— name base64(key id, signature)` per
 * signature. Ed25519 only (signature type 0x01, RFC 8032).
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { keyId, keyId_bytes } from '#contract/noteKeys.ts';

const signature_bytes = 64;

export interface NoteSigner {
  /** Without white space and plus signs. */
  readonly name: string;
  readonly privateKey: KeyObject;
}

const forbidden = /[+\p{Cc}\p{White_Space}]/u;

/** Is it a name that a signature line may carry? */
export const isKeyName = (name: string): boolean => name !== '' && !forbidden.test(name);

/** @param text ends in a newline. */
export function signNote(text: string, { name, privateKey }: NoteSigner): string {
  const signature = sign(null, Buffer.from(text), privateKey);
  const id = keyId(name, privateKey);
  return `${text}\n— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

const signatureLine = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/;

/**
 * The text, if this key has signed it under this name; undefined otherwise. Lines by other keys are skipped, but a line
 * that claims to be by this key and is not spoils the whole note.
 */
export function openNote(note: string, name: string, publicKey: KeyObject): string | undefined {
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, cut + 1);
  const id = keyId(name, publicKey);
  let signed = false;
  for (const line of note.slice(cut + 2, -1).split('\n')) {
    const [, signer, encoded] = signatureLine.exec(line) ?? [];
    if (signer === undefined || encoded === undefined) return undefined;
    const blob = Buffer.from(encoded, 'base64');
    if (signer !== name || !blob.subarray(0, keyId_bytes).equals(id)) continue;
    const signature = blob.subarray(keyId_bytes);
    if (signature.length !== signature_bytes || !verify(null, Buffer.from(text), publicKey, signature))
      return undefined;
    signed = true;
  }
  return signed ? text : undefined;
}
