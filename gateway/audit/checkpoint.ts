/** Checkpoints (c2sp.org/tlog-checkpoint): origin, tree size and root, as a signed note whose key bears the origin's name. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { WeighbridgeError } from '#contract/errors.ts';
import type { TreeHead } from './merkle.ts';
import { type NoteSigner, openNote, signNote } from './signedNote.ts';

export interface Checkpoint extends TreeHead {
  origin: string;
}

export const checkpointText = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n`;

export const signCheckpoint = (head: TreeHead, signer: NoteSigner): string =>
  signNote(checkpointText({ ...head, origin: signer.name }), signer);

/** A checkpoint that this key has signed; undefined where the signature does not hold or the text is none. */
export function openCheckpoint(note: string, publicKey: KeyObject): Checkpoint | undefined {
  const origin = note.slice(0, Math.max(0, note.indexOf('\n')));
  const text = openNote(note, origin, publicKey);
  if (text === undefined) return undefined;
  const [, size = '', encoded = ''] = text.split('\n');
  const root = Buffer.from(encoded, 'base64');
  const checkpoint = { origin, size: Number(size), root };
  // Written back it must be the same text: so there is one spelling of each number and root, and no further line.
  return root.length === 32 && /^\d{1,15}$/.test(size) && checkpointText(checkpoint) === text ? checkpoint : undefined;
}

/**
 * Reads the private key that signs checkpoints: Ed25519, PKCS #8 PEM, readable by its owner alone.
 * @throws WeighbridgeError CONFIG; neither the message nor its cause holds anything of the file.
 */
export async function readSigningKey(file: string): Promise<KeyObject> {
  const refuse = (what: string, mend: string): never => {
    throw new WeighbridgeError('CONFIG', `the audit's signing key ${what}`, { where: file, mend });
  };
  const make = `make one with: openssl genpkey -algorithm ed25519 -out FILE && chmod 600 FILE`;
  let pem = '';
  let mode = 0;
  try {
    [pem, { mode }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
  } catch (error) {
    refuse(`cannot be read (${(error as { code?: string }).code})`, make);
  }
  if ((mode & 0o077) !== 0) refuse('can be read by others than its owner', 'chmod 600 the file');
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    refuse('is no private key in PEM form', make);
  }
  if (key!.asymmetricKeyType !== 'ed25519') refuse('is not an Ed25519 key', make);
  return key!;
}

/** Reads the public key that checks them: PEM. @throws WeighbridgeError CONFIG */
export async function readPublicKey(file: string): Promise<KeyObject> {
  const refuse = (what: string): never => {
    throw new WeighbridgeError('CONFIG', `the public key ${what}`, {
      where: file,
      mend: 'write it with: openssl pkey -in PRIVATE -pubout -out FILE',
    });
  };
  let pem = '';
  try {
    pem = await readFile(file, 'utf8');
  } catch (error) {
    refuse(`cannot be read (${(error as { code?: string }).code})`);
  }
  if (pem.includes('PRIVATE KEY')) refuse('is a private one, which belongs in no hands but the gateway’s');
  let key: KeyObject | undefined;
  try {
    key = createPublicKey(pem);
  } catch {
    refuse('is not in PEM form');
  }
  if (key!.asymmetricKeyType !== 'ed25519') refuse('is not an Ed25519 key');
  return key!;
}
