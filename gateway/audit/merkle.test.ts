/**
 * RFC 6962. The known answers are those of the certificate-transparency reference implementation (github.com/google/
 * certificate-transparency, cpp/merkletree/merkle_tree_test.cc and python/ct/crypto/merkle_test.py; the same in
 * transparency-dev/merkle). Beside them, a second implementation, straight from the definition of MTH, and every proof of
 * every small tree.
 */
import assert from 'node:assert/strict';
import crypto, { createHash } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, mock, test } from 'node:test';
import {
  consistencyProof,
  emptyRoot,
  Frontier,
  inclusionProof,
  leafHash,
  merkleRoot,
  Tree,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';

const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => Buffer.from(hex, 'hex'),
);
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const leaves = inputs.map(leafHash);
const hex = (nodes: Buffer[]): string[] => nodes.map((node) => node.toString('hex'));

describe('known answers', () => {
  test('roots of the empty tree and of one to eight leaves, at once and one by one', () => {
    assert.equal(emptyRoot.toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    assert.ok(merkleRoot([]).equals(emptyRoot));
    const growing = new Frontier();
    for (const [i, root] of roots.entries()) {
      growing.append(leaves[i]!);
      assert.equal(growing.root().toString('hex'), root);
      assert.equal(merkleRoot(leaves.slice(0, i + 1)).toString('hex'), root);
    }
  });

  test('inclusion of leaves 0 and 5 of 8', () => {
    assert.deepEqual(hex(inclusionProof(new Tree(leaves), 0)), [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    assert.deepEqual(hex(inclusionProof(new Tree(leaves), 5)), [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  test('consistency of 1 and 6 with 8, and of 2 with 5', () => {
    assert.deepEqual(hex(consistencyProof(new Tree(leaves), 1)), [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    assert.deepEqual(hex(consistencyProof(new Tree(leaves), 6)), [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    assert.deepEqual(hex(consistencyProof(new Tree(leaves), 2, 5)), [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
  });
});

/** MTH as RFC 6962 §2.1 defines it, with another interface of the hash. */
function mth(entries: Buffer[]): string {
  const sha = (...parts: (Buffer | string)[]): string => {
    const digest = createHash('sha256');
    for (const part of parts) digest.update(typeof part === 'string' ? Buffer.from(part, 'hex') : part);
    return digest.digest('hex');
  };
  if (entries.length === 0) return sha();
  if (entries.length === 1) return sha('00', entries[0]!);
  let k = 1;
  while (2 * k < entries.length) k *= 2;
  return sha('01', mth(entries.slice(0, k)), mth(entries.slice(k)));
}

describe('every tree of up to 40 leaves', () => {
  const entries = Array.from({ length: 40 }, (_, i) => Buffer.from(`record ${i}`));
  const all = entries.map(leafHash);
  const rootOf = (size: number): Buffer => Buffer.from(mth(entries.slice(0, size)), 'hex');

  test('the root is MTH', () => {
    const growing = new Frontier();
    for (let size = 0; size <= entries.length; size++) {
      assert.ok(growing.root().equals(rootOf(size)), String(size));
      if (size < entries.length) growing.append(all[size]!);
    }
  });

  test('a copy goes its own way', () => {
    const one = new Frontier();
    for (const leaf of all.slice(0, 7)) one.append(leaf);
    const other = one.copy();
    other.append(all[7]!);
    assert.deepEqual([one.size, other.size], [7, 8]);
    assert.ok(one.root().equals(rootOf(7)) && other.root().equals(rootOf(8)));
  });

  test('inclusion of every leaf is proven, and of no other', () => {
    for (let size = 1; size <= entries.length; size++) {
      const root = rootOf(size);
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(new Tree(all.slice(0, size)), index);
        const claim = { leaf: all[index]!, index, size, root };
        assert.ok(verifyInclusion(claim, proof), `${index} of ${size}`);
        assert.ok(!verifyInclusion({ ...claim, leaf: leafHash('another') }, proof));
        assert.ok(!verifyInclusion({ ...claim, index: index + 1 }, proof));
        assert.ok(!verifyInclusion({ ...claim, root: leafHash('another') }, proof));
        assert.ok(!verifyInclusion(claim, [...proof, root]));
        if (proof.length > 0) assert.ok(!verifyInclusion(claim, proof.slice(1)));
      }
    }
  });

  test('consistency of every two sizes is proven, and of no other history', () => {
    const tree = new Tree(all);
    for (let size = 0; size <= entries.length; size++) {
      const second = { size, root: rootOf(size) };
      for (let older = 0; older <= size; older++) {
        const first = { size: older, root: rootOf(older) };
        const proof = consistencyProof(tree, older, size);
        assert.ok(verifyConsistency(first, second, proof), `${older} of ${size}`);
        assert.ok(!verifyConsistency({ ...first, root: leafHash('another') }, second, proof));
        assert.ok(!verifyConsistency(first, second, [...proof, first.root]));
        if (older > 0) assert.ok(!verifyConsistency(first, { ...second, root: leafHash('another') }, proof));
        if (proof.length > 0) assert.ok(!verifyConsistency(first, second, proof.slice(1)));
      }
    }
    assert.ok(!verifyConsistency({ size: 3, root: rootOf(3) }, { size: 2, root: rootOf(2) }, []));
  });
});

test('a proof costs hashes by its length, not by the size of the log', () => {
  const size = 4_096 + 1_000;
  const many = Array.from({ length: size }, (_, i) => leafHash(String(i)));
  const hashes = mock.method(crypto, 'hash');
  syncBuiltinESMExports();
  try {
    const tree = new Tree(many);
    assert.ok(hashes.mock.callCount() < size);
    hashes.mock.resetCalls();
    for (let first = 100; first < size; first += 100) {
      inclusionProof(tree, first);
      consistencyProof(tree, first, Math.min(size, first + 100));
    }
    // At most so many as there are heights, for each of the two hashes that are no complete subtree's.
    assert.ok(hashes.mock.callCount() <= 50 * 2 * 2 * 13, String(hashes.mock.callCount()));
  } finally {
    hashes.mock.restore();
    syncBuiltinESMExports();
  }
});
