import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readPublicKey, readSigningKey } from './keyFiles.ts';

describe('key files', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'key-files-'));
  });
  after(() => rm(dir, { recursive: true }));
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;

  test('a private key is taken from its owner alone, and no error quotes the file', async () => {
    const file = join(dir, 'key.pem');
    await writeFile(file, pem, { mode: 0o600 });
    assert.equal((await readSigningKey(file, 'the key')).asymmetricKeyType, 'ed25519');
    await chmod(file, 0o640);
    await assert.rejects(readSigningKey(file, 'the key'), { code: 'CONFIG' });
    const secret = pem.split('\n')[1]!;
    await writeFile(file, pem.replace('PRIVATE KEY', 'PRIVATE KEX'));
    await chmod(file, 0o600);
    await assert.rejects(readSigningKey(file, 'the key'), (error: Error) => {
      assert.equal((error as { code?: string }).code, 'CONFIG');
      assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(secret));
      assert.equal(error.cause, undefined);
      return true;
    });
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(file, rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await assert.rejects(readSigningKey(file, 'the key'), /not an Ed25519 key/);
    await assert.rejects(readSigningKey(join(dir, 'none'), 'the key'), { code: 'CONFIG' });
  });

  test('as a public key no private one is taken', async () => {
    const file = join(dir, 'public.pem');
    await writeFile(file, publicKey.export({ format: 'pem', type: 'spki' }));
    assert.equal((await readPublicKey(file)).type, 'public');
    await writeFile(file, pem);
    await assert.rejects(readPublicKey(file), /private one/);
    await writeFile(file, 'nonsense');
    await assert.rejects(readPublicKey(file), /not in PEM form/);
  });
});
