/** The known answer is the key "PeterNeumann" of the reference implementation, golang.org/x/mod/sumdb/note (note_test.go). */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { keyId, keyOfTyped, typedKey } from './noteKeys.ts';

const name = 'PeterNeumann';
const id = 'c74f20a3';
const secret = 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const verifier = 'ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
// RFC 8410: an Ed25519 key in PKCS #8 is this prefix and the seed.
const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const der = Buffer.concat([prefix, Buffer.from(secret, 'base64').subarray(1)]);
const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
const publicKey = createPublicKey(privateKey);

test('known answer: key id and verifier key, of either half', () => {
  for (const key of [privateKey, publicKey]) {
    assert.equal(keyId(name, key).toString('hex'), id);
    assert.equal(typedKey(key).toString('base64'), verifier);
  }
  assert.notEqual(keyId('SomeoneElse', publicKey).toString('hex'), id);
});

test('a verifier key is read back; what is none is not', () => {
  const typed = Buffer.from(verifier, 'base64');
  assert.ok(keyOfTyped(typed)!.equals(publicKey));
  const otherType = Buffer.concat([Buffer.of(2), typed.subarray(1)]);
  for (const bad of [Buffer.alloc(0), typed.subarray(0, 32), Buffer.concat([typed, Buffer.of(0)]), otherType]) {
    assert.equal(keyOfTyped(bad), undefined);
  }
});
