/**
 * How the authorization in a state file was made, without its key: a new one is made with PKCE or not at all (RFC 9700
 * §2.1.1), an old one goes on as it is, and is a finding.
 */
import { readFileSync } from 'node:fs';
import { WeighbridgeError } from '#contract/errors.ts';
import { type Provenance, provenanceIn } from '../security/state-file.ts';
import { provenanceOf, stateIn } from '../tokens/grant-store.ts';
import type { Finding } from './findings.ts';

/** Words behind "an authorization". */
export const howMade = {
  without_pkce: 'that was made without PKCE',
  unknown: 'of which nobody noted whether it was made with PKCE',
} as const;

/** @throws WeighbridgeError CONFIG where the file cannot be read, or is no state file */
export function authorizationFindings(file: string): Finding[] {
  const made = provenanceOfFile(file);
  if (made === 'pkce') return [];
  const mend = 'it stays usable; to replace it, remove the file while no agent runs, and log in again';
  return [{ subject: `state file ${file}`, problem: `holds an authorization ${howMade[made]}`, mend, tolerated: true }];
}

function provenanceOfFile(file: string): Provenance {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw unusable(`the state file cannot be read: ${(error as NodeJS.ErrnoException).code}`, file);
  }
  const plain = stateIn(bytes.toString());
  const made = provenanceIn(bytes) ?? (plain && provenanceOf(plain.session));
  if (made === undefined) throw unusable('this is no state file', file);
  return made;
}

const unusable = (message: string, where: string): WeighbridgeError =>
  new WeighbridgeError('CONFIG', message, { where, mend: 'name the state.file of an agent that has logged in' });
