/** Checkpoints (c2sp.org/tlog-checkpoint): origin, tree size and root, as a signed note whose key bears the origin's name. */
import type { KeyObject } from 'node:crypto';
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
