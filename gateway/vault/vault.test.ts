/** The vault at rest: what lies on disk, what is refused, and that a write is whole or not at all. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { FileKeyStore } from './fileKeyStore.ts';
import type { KeyStore, WrappedKey } from './keyStore.ts';
import { Vault } from './vault.ts';

let root: string;
let dir: string;
let vaultFile: string;
let keyFile: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'vault-'));
});
after(() => rm(root, { recursive: true }));
beforeEach(async () => {
  dir = await mkdtemp(join(root, 'v-'));
  vaultFile = join(dir, 'vault.json');
  keyFile = join(dir, 'keys.json');
});

const fresh = async (): Promise<Vault> => Vault.create(vaultFile, await FileKeyStore.create(keyFile));
const reopened = async (): Promise<Vault> => Vault.open(vaultFile, await FileKeyStore.open(keyFile));

interface Entry {
  revision: number;
  key_id: string;
  wrapped: string;
  sealed: string;
}
/** Changes the vault file behind the vault's back. */
async function tamper(change: (entries: Record<string, Entry[]>) => void): Promise<void> {
  const file = JSON.parse(await readFile(vaultFile, 'utf8'));
  change(file.entries);
  await writeFile(vaultFile, JSON.stringify(file));
}
/** One bit of a base64url text, other than those that its last character may hold too many of. */
function flipped(text: string, at: number): string {
  const bytes = Buffer.from(text, 'base64url');
  bytes[at % bytes.length]! ^= 1;
  return bytes.toString('base64url');
}

describe('vault', () => {
  test('a secret comes back from another process’s file, and lies there in no form that can be read', async () => {
    const secret = 'CANARY-s3cret/with=odd chars é';
    assert.equal(await (await fresh()).put('payments', secret), 1);
    assert.deepEqual(await (await reopened()).secrets('payments'), [secret]);
    const text = await readFile(vaultFile, 'utf8');
    for (const form of [
      secret,
      'CANARY',
      Buffer.from(secret).toString('base64url').slice(0, 12),
      encodeURIComponent(secret),
    ]) {
      assert.ok(!text.includes(form), form);
    }
    const keys = Object.values(JSON.parse(await readFile(keyFile, 'utf8')).keys) as string[];
    assert.ok(keys.every((key) => !text.includes(key)));
    for (const file of [vaultFile, keyFile]) assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  test('the newest first, the one before kept, older ones gone', async () => {
    const vault = await fresh();
    for (const secret of ['a', 'b', 'c']) await vault.put('x', secret);
    assert.deepEqual(await vault.secrets('x'), ['c', 'b']);
    assert.deepEqual(
      (await vault.list()).map(({ name, revision, previous }) => [name, revision, previous]),
      [['x', 3, true]],
    );
    await vault.forgetPrevious('x');
    assert.deepEqual(await vault.secrets('x'), ['c']);
    assert.equal(await vault.put('x', 'd'), 4);
  });

  test('the same secret twice is two different ciphertexts under two data keys', async () => {
    const vault = await fresh();
    await vault.put('x', 'same');
    await vault.put('y', 'same');
    const { entries } = JSON.parse(await readFile(vaultFile, 'utf8'));
    assert.notEqual(entries.x[0].sealed, entries.y[0].sealed);
    assert.notEqual(entries.x[0].wrapped, entries.y[0].wrapped);
  });

  test('every single changed byte is found', async () => {
    await (await fresh()).put('x', 'secret');
    const [whole] = JSON.parse(await readFile(vaultFile, 'utf8')).entries.x as [Entry];
    for (const field of ['wrapped', 'sealed'] as const) {
      const size = Buffer.from(whole[field], 'base64url').length;
      for (let at = 0; at < size; at++) {
        await tamper(({ x }) => {
          x![0] = { ...whole, [field]: flipped(whole[field], at) };
        });
        await assert.rejects((await reopened()).secrets('x'), { code: 'INTEGRITY' }, `${field} ${at}`);
      }
    }
    await tamper(({ x }) => {
      x![0] = whole;
    });
    assert.deepEqual(await (await reopened()).secrets('x'), ['secret']);
  });

  test('an entry passes for no other, an old revision for no newer one, a cut one for none', async () => {
    const vault = await fresh();
    await vault.put('x', 'of x');
    await vault.put('y', 'of y');
    await vault.put('y', 'newer of y');
    const before = await readFile(vaultFile, 'utf8');
    const changes: ((entries: Record<string, Entry[]>) => void)[] = [
      ({ x, y }) => x!.splice(0, 1, y![0]!),
      ({ x, y }) => x!.splice(0, 1, { ...y![0]!, revision: 1 }),
      ({ y }) => y!.splice(0, 1, { ...y![1]!, revision: 2 }),
      ({ y }) => y!.splice(0, 1, { ...y![0]!, sealed: y![1]!.sealed }),
      ({ y }) => y!.splice(0, 1, { ...y![0]!, sealed: y![0]!.sealed.slice(0, 30) }),
      ({ y }) => y!.splice(0, 1, { ...y![0]!, wrapped: '' }),
    ];
    for (const [index, change] of changes.entries()) {
      await writeFile(vaultFile, before);
      await tamper(change);
      const opened = await reopened();
      const name = index < 2 ? 'x' : 'y';
      await assert.rejects(opened.secrets(name), { code: 'INTEGRITY' }, String(index));
    }
  });

  test('another key store opens nothing', async () => {
    await (await fresh()).put('x', 'secret');
    const other = await Vault.open(vaultFile, await FileKeyStore.create(join(dir, 'other.json')));
    await assert.rejects(other.secrets('x'), { code: 'CONFIG' });
  });

  test('a new master key: secrets stay, data keys are wrapped anew, the old master key is gone', async () => {
    const vault = await fresh();
    await vault.put('x', 'one');
    await vault.put('x', 'two');
    const reader = await reopened();
    const before = JSON.parse(await readFile(vaultFile, 'utf8')).entries.x as Entry[];
    const keyId = await vault.rotateKey();
    const after = JSON.parse(await readFile(vaultFile, 'utf8')).entries.x as Entry[];
    assert.deepEqual(
      after.map(({ key_id }) => key_id),
      [keyId, keyId],
    );
    assert.deepEqual(
      after.map(({ sealed }) => sealed),
      before.map(({ sealed }) => sealed),
    );
    assert.ok(after.every(({ wrapped }, i) => wrapped !== before[i]!.wrapped));
    assert.deepEqual(Object.keys(JSON.parse(await readFile(keyFile, 'utf8')).keys), [keyId]);
    // A gateway that runs since before goes on without being told.
    assert.deepEqual(await reader.secrets('x'), ['two', 'one']);
    assert.deepEqual(await (await reopened()).secrets('x'), ['two', 'one']);
    await assert.rejects((await FileKeyStore.open(keyFile)).retire(keyId), { code: 'CONFIG' });
  });

  test('a secret that is put by a process that opened before a rotation is not lost with the old master key', async () => {
    await (await fresh()).put('x', 'one');
    const writer = await reopened();
    const keyId = await (await reopened()).rotateKey();
    assert.equal(await writer.put('x', 'two'), 2);
    assert.deepEqual(await (await reopened()).secrets('x'), ['two', 'one']);
    assert.deepEqual(
      (await (await reopened()).list()).map((entry) => entry.key_id),
      [keyId],
    );
  });

  test('a rotation retires every older master key: of an empty vault, and what one that broke off has left', async () => {
    const vault = await fresh();
    const keysLeft = async (): Promise<string[]> => Object.keys(JSON.parse(await readFile(keyFile, 'utf8')).keys);
    const first = await vault.rotateKey();
    assert.deepEqual(await keysLeft(), [first]);
    await vault.put('x', 'secret');
    await writeFile(`${vaultFile}.next`, '');
    await assert.rejects(vault.rotateKey(), { code: 'CONFIG' });
    assert.equal((await keysLeft()).length, 2);
    await rm(`${vaultFile}.next`);
    const last = await vault.rotateKey();
    assert.deepEqual(await keysLeft(), [last]);
    assert.deepEqual(await (await reopened()).secrets('x'), ['secret']);
  });

  test('files that others may read are refused, and so is what is no vault, without quoting it', async () => {
    await (await fresh()).put('x', 'secret');
    await chmod(keyFile, 0o640);
    await assert.rejects(reopened(), { code: 'CONFIG' });
    await chmod(keyFile, 0o600);
    await chmod(vaultFile, 0o604);
    await assert.rejects(reopened(), { code: 'CONFIG' });
    await chmod(vaultFile, 0o600);
    for (const text of ['', 'CANARY', '{"version":1,"entries":{"x":[]}}', '{"version":2,"entries":{},"CANARY":1}']) {
      await writeFile(vaultFile, text);
      const error = await reopened().then(
        () => undefined,
        (e: Error) => e,
      );
      assert.match(String(error?.message), /this is no vault/);
      assert.ok(!JSON.stringify(error, Object.getOwnPropertyNames(error!)).includes('CANARY'));
    }
    await writeFile(keyFile, '{"version":1,"current":"k","keys":{"k":"CANARY"}}');
    await assert.rejects(
      FileKeyStore.open(keyFile),
      (e: Error) => /no key store/.test(e.message) && !e.message.includes('CANARY'),
    );
  });

  test('names and sizes: what is refused leaves the file as it was', async () => {
    const vault = await fresh();
    await vault.put('constructor', 'a name like any other');
    assert.deepEqual(await vault.secrets('constructor'), ['a name like any other']);
    const before = await readFile(vaultFile, 'utf8');
    for (const [name, secret] of [
      ['__proto__', 's'],
      ['A', 's'],
      ['', 's'],
      ['a/b', 's'],
      ['x', ''],
      ['x', 'y'.repeat(65_537)],
    ] as const) {
      await assert.rejects(vault.put(name, secret), { code: 'CONFIG' });
    }
    for (const name of ['unknown', 'toString', '__proto__']) {
      await assert.rejects(vault.secrets(name), { code: 'CONFIG' });
      await assert.rejects(vault.forgetPrevious(name), { code: 'CONFIG' });
    }
    assert.equal(await readFile(vaultFile, 'utf8'), before);
    await assert.rejects(Vault.create(vaultFile, await FileKeyStore.open(keyFile)), { code: 'CONFIG' });
  });

  test('atomic replace: a write that breaks off leaves the old vault, and only one writes at a time', async () => {
    class Failing implements KeyStore {
      readonly current = 'k';
      fails = true;
      ids(): Promise<string[]> {
        return Promise.resolve(['k']);
      }
      wrap(dataKey: Buffer): Promise<WrappedKey> {
        if (this.fails) return Promise.reject(new Error('the key service is away'));
        return Promise.resolve({ key_id: 'k', wrapped: dataKey.toString('base64url') });
      }
      unwrap({ wrapped }: WrappedKey): Promise<Buffer> {
        return Promise.resolve(Buffer.from(wrapped, 'base64url'));
      }
      rotate(): Promise<string> {
        return Promise.resolve('k');
      }
      retire(): Promise<void> {
        return Promise.resolve();
      }
    }
    const keys = new Failing();
    const vault = await Vault.create(vaultFile, keys);
    const empty = await readFile(vaultFile, 'utf8');
    await assert.rejects(vault.put('x', 'lost'));
    assert.equal(await readFile(vaultFile, 'utf8'), empty);
    assert.deepEqual(await readdir(dir), ['vault.json']);
    keys.fails = false;
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => vault.put('x', `secret ${i}`)));
    const done = results.filter((r) => r.status === 'fulfilled');
    assert.ok(done.length >= 1);
    assert.deepEqual(
      done.map((r) => r.value).sort(),
      done.map((_, i) => i + 1),
      'no revision was given twice',
    );
    // What a writer that was killed leaves behind stops the next one, by name, and no reader.
    await writeFile(`${vaultFile}.next`, 'half of a vau');
    await assert.rejects(vault.put('x', 'late'), { code: 'CONFIG', where: `${vaultFile}.next` });
    assert.equal((await vault.secrets('x')).length, Math.min(2, done.length));
  });
});
