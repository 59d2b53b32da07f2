/**
 * Signed notes and checkpoints. The known answer is that of the reference implementation, golang.org/x/mod/sumdb/note
 * (note_test.go): key, text and signature of "PeterNeumann". Ed25519 is deterministic, so the note must come out to the byte.
 */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { keyId } from '#contract/noteKeys.ts';
import { openCheckpoint, signCheckpoint } from './checkpoint.ts';
import { leafHash } from './merkle.ts';
import { isKeyName, openNote, signNote } from './signedNote.ts';

const skey = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const note = `${text}
— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;
const seed = Buffer.from(skey.split('+').slice(4).join('+'), 'base64').subarray(1);
// RFC 8410: an Ed25519 key in PKCS #8 is this prefix and the seed.
const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
const publicKey = createPublicKey(privateKey);

describe('signed notes', () => {
  test('known answer: key id, signature, and reading it back', () => {
    assert.equal(keyId('PeterNeumann', publicKey).toString('hex'), 'c74f20a3');
    assert.equal(signNote(text, { name: 'PeterNeumann', privateKey }), note);
    assert.equal(openNote(note, 'PeterNeumann', publicKey), text);
  });

  test('a note that was changed anywhere does not open', () => {
    for (let i = 0; i < note.length; i++) {
      const changed = `${note.slice(0, i)}${note[i] === 'A' ? 'B' : 'A'}${note.slice(i + 1)}`;
      if (changed !== note) assert.equal(openNote(changed, 'PeterNeumann', publicKey), undefined, `at ${i}`);
    }
    assert.equal(openNote(note.slice(0, -1), 'PeterNeumann', publicKey), undefined);
    assert.equal(openNote(note, 'SomeoneElse', publicKey), undefined);
    assert.equal(openNote(note, 'PeterNeumann', generateKeyPairSync('ed25519').publicKey), undefined);
    assert.equal(openNote(text, 'PeterNeumann', publicKey), undefined);
  });

  test('signatures by others are skipped; a second, bad one by the same key is not', () => {
    const other = signNote(text, { name: 'witness.example', privateKey: generateKeyPairSync('ed25519').privateKey });
    const line = other.slice(text.length + 1);
    assert.equal(openNote(note + line, 'PeterNeumann', publicKey), text);
    assert.equal(openNote(other, 'PeterNeumann', publicKey), undefined);
    const forged = Buffer.concat([keyId('PeterNeumann', publicKey), Buffer.alloc(64)]).toString('base64');
    assert.equal(openNote(`${note}— PeterNeumann ${forged}\n`, 'PeterNeumann', publicKey), undefined);
  });

  test('names without white space, plus and control characters', () => {
    for (const name of ['example.com/audit', 'a', 'ü']) assert.ok(isKeyName(name), name);
    for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\u2003b', 'a\u0000']) assert.ok(!isKeyName(name), name);
  });
});

describe('checkpoints', () => {
  const signer = { name: 'example.com/behind-the-sofa', privateKey };
  const head = { size: 20_852_163, root: leafHash('x') };

  test('origin, size, root, empty line, signature line', () => {
    const lines = signCheckpoint(head, signer).split('\n');
    assert.deepEqual(lines.slice(0, 4), [signer.name, '20852163', head.root.toString('base64'), '']);
    assert.match(lines[4]!, /^— example\.com\/behind-the-sofa [A-Za-z0-9+/]+=*$/);
    assert.deepEqual(lines.slice(5), ['']);
    const read = openCheckpoint(lines.join('\n'), publicKey);
    assert.deepEqual(read, { origin: signer.name, ...head });
  });

  test('a signed text that is no checkpoint, or spells one otherwise, is none', () => {
    const root = head.root.toString('base64');
    for (const body of [
      `${signer.name}\n007\n${root}\n`,
      `${signer.name}\n7\n${root.slice(0, -4)}\n`,
      `${signer.name}\n-7\n${root}\n`,
      `${signer.name}\n7\n${root}\nextension\n`,
      `${signer.name}\n7\n`,
    ]) {
      assert.equal(openCheckpoint(signNote(body, signer), publicKey), undefined, body);
    }
    assert.ok(openCheckpoint(signNote(`${signer.name}\n7\n${root}\n`, signer), publicKey));
    // Signed under one name, with another origin.
    assert.equal(openCheckpoint(signNote(`other.example\n7\n${root}\n`, signer), publicKey), undefined);
  });
});
