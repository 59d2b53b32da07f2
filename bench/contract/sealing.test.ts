import assert from 'node:assert/strict';
import { createDecipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { sealed, sealingKey_bytes, unsealed } from './sealing.ts';

const key = randomBytes(sealingKey_bytes);
const context = Buffer.from('context');
const plain = Buffer.from('text, é');

test('what was sealed opens under the same key and context, and lies as nonce, tag, ciphertext', () => {
  const message = sealed(key, plain, context);
  assert.deepEqual(unsealed(key, message, context), plain);
  const decipher = createDecipheriv('aes-256-gcm', key, message.subarray(0, 12)).setAAD(context);
  decipher.setAuthTag(message.subarray(12, 28));
  assert.deepEqual(Buffer.concat([decipher.update(message.subarray(28)), decipher.final()]), plain);
  assert.deepEqual(unsealed(key, sealed(key, Buffer.alloc(0), context), context), Buffer.alloc(0));
});

test('the same text twice is two messages', () => {
  assert.notDeepEqual(sealed(key, plain, context), sealed(key, plain, context));
});

test('another key, another context, any changed byte, and any cut: nothing opens', () => {
  const message = sealed(key, plain, context);
  assert.equal(unsealed(randomBytes(sealingKey_bytes), message, context), undefined);
  assert.equal(unsealed(key, message, Buffer.from('Context')), undefined);
  for (let at = 0; at < message.length; at++) {
    const changed = Buffer.from(message);
    changed[at]! ^= 1;
    assert.equal(unsealed(key, changed, context), undefined, `changed at ${at}`);
    assert.equal(unsealed(key, message.subarray(0, at), context), undefined, `cut to ${at}`);
  }
});
