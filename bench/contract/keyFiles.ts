/** Ed25519 keys in PEM files: who signs an audit log or a campaign's results keeps the one, who checks has the other. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { WeighbridgeError } from './errors.ts';

/** Bits of everyone but the owner. */
const others = 0o077;
const make = 'make one with: openssl genpkey -algorithm ed25519 -out FILE && chmod 600 FILE';

/**
 * Reads a private key: Ed25519, PKCS #8 PEM, readable by its owner alone.
 * @param what it is, for messages: `the audit's signing key`
 * @throws WeighbridgeError CONFIG; neither the message nor its cause holds anything of the file
 */
export async function readSigningKey(file: string, what: string): Promise<KeyObject> {
  const refusal = (why: string, mend: string): WeighbridgeError =>
    new WeighbridgeError('CONFIG', `${what} ${why}`, { where: file, mend });
  let pem: string;
  let mode: number;
  try {
    [pem, { mode }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
  } catch (error) {
    throw refusal(`cannot be read (${(error as { code?: string }).code})`, make);
  }
  if ((mode & others) !== 0) throw refusal('can be read by others than its owner', 'chmod 600 the file');
  const key = parsed(() => createPrivateKey(pem));
  if (!key) throw refusal('is no private key in PEM form', make);
  if (key.asymmetricKeyType !== 'ed25519') throw refusal('is not an Ed25519 key', make);
  return key;
}

/** Reads the public key that checks what was signed: PEM. @throws WeighbridgeError CONFIG */
export async function readPublicKey(file: string): Promise<KeyObject> {
  const refusal = (why: string): WeighbridgeError =>
    new WeighbridgeError('CONFIG', `the public key ${why}`, {
      where: file,
      mend: 'write it with: openssl pkey -in PRIVATE -pubout -out FILE',
    });
  const pem = await readFile(file, 'utf8').catch((error) => {
    throw refusal(`cannot be read (${(error as { code?: string }).code})`);
  });
  if (pem.includes('PRIVATE KEY')) throw refusal('is a private one, which belongs in no hands but the signer’s');
  const key = parsed(() => createPublicKey(pem));
  if (!key) throw refusal('is not in PEM form');
  if (key.asymmetricKeyType !== 'ed25519') throw refusal('is not an Ed25519 key');
  return key;
}

/** Undefined where it throws: what it would say may hold some of the key. */
function parsed(parse: () => KeyObject): KeyObject | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
