import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WeighbridgeError } from '#contract/errors.ts';
import { handedKey } from './handed-key.ts';
import { encryptedSeal, plainSeal, provenanceIn, StateFile } from './state-file.ts';

const root = mkdtempSync(join(tmpdir(), 'state '));
const dir = join(root, 'agent');
const path = join(dir, 'state');
after(() => rmSync(root, { recursive: true }));
beforeEach(() => rmSync(dir, { recursive: true, force: true }));

const key = randomBytes(32);
const context = randomBytes(32);
const file = (seal = encryptedSeal(key, context)): StateFile => new StateFile(path, seal);
const secret = 'the refresh token of somebody';

test('what was kept comes back; before, there is nothing', async () => {
  assert.equal(await file().read(), undefined);
  await file().replace(secret, 'pkce');
  assert.equal((await file().read())?.plain, secret);
  await file().remove();
  assert.equal(await file().read(), undefined);
  await file().remove();
});

test('how the authorization was made stands in the header, and comes back with the state', async () => {
  for (const made of ['pkce', 'without_pkce', 'unknown'] as const) {
    await file().replace(secret, made);
    assert.equal(provenanceIn(readFileSync(path)), made);
    assert.deepEqual(await file().read(), { plain: secret, provenance: made });
  }
  await file(plainSeal).replace(secret, 'pkce');
  assert.deepEqual(await file(plainSeal).read(), { plain: secret, provenance: undefined });
});

test('mode 0600, whatever was there; and nothing of the text can be read', async () => {
  await file().replace('', 'unknown');
  chmodSync(path, 0o644);
  await file().replace(secret, 'pkce');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  assert.ok(!readFileSync(path).includes('refresh'));
  assert.deepEqual(readdirSync(dir), ['state']);
});

test('the same text is never the same twice', async () => {
  await file().replace(secret, 'pkce');
  const first = readFileSync(path);
  await file().replace(secret, 'pkce');
  const second = readFileSync(path);
  assert.ok(first.subarray(0, 36).equals(second.subarray(0, 36)), 'the header is');
  assert.ok(!first.subarray(36, 48).equals(second.subarray(36, 48)));
  assert.ok(!first.subarray(64).equals(second.subarray(64)));
});

test('every bit counts: altered, cut, of another key or context, it does not open', async () => {
  await file().replace(secret, 'pkce');
  const whole = readFileSync(path);
  const integrity = (error: unknown): boolean => {
    assert.ok(error instanceof WeighbridgeError);
    assert.ok(!error.message.includes(secret) && !error.message.includes(key.toString('hex')));
    return error.code === 'INTEGRITY';
  };
  for (let i = 0; i < whole.length; i++) {
    const altered = Buffer.from(whole);
    altered[i]! ^= 1;
    writeFileSync(path, altered);
    await assert.rejects(file().read(), integrity, `byte ${i}`);
    writeFileSync(path, whole.subarray(0, i));
    await assert.rejects(file().read(), integrity, `cut at ${i}`);
  }
  writeFileSync(path, whole);
  await assert.rejects(file(encryptedSeal(randomBytes(32), context)).read(), integrity);
  await assert.rejects(file(encryptedSeal(key, randomBytes(32))).read(), /another execution context/);
});

test('a context that was swapped in the header does not open: it is authenticated', async () => {
  await file().replace(secret, 'pkce');
  const other = randomBytes(32);
  const whole = readFileSync(path);
  other.copy(whole, 4);
  writeFileSync(path, whole);
  await assert.rejects(file(encryptedSeal(key, other)).read(), /altered/);
});

test('a symbolic link is replaced, and what it leads to stays as it is', async () => {
  mkdirSync(dir);
  const victim = join(root, 'victim');
  writeFileSync(victim, 'mine');
  symlinkSync(victim, path);
  await file().replace(secret, 'pkce');
  assert.equal(readFileSync(victim, 'utf8'), 'mine');
  assert.equal((await file().read())?.plain, secret);
});

test('kill -9 in the midst of replacing, again and again: the old state or the new one, never half of one', async () => {
  const writer = fileURLToPath(new URL('../testing/state-writer.ts', import.meta.url));
  await file(plainSeal).replace('', 'unknown');
  const seen = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    // After a different number of replacements each time, wherever the next one is by then.
    for (let done = 0; done < 1 + 3 * i; ) done += ((await once(child.stdout, 'data')) as [Buffer])[0].length;
    child.kill('SIGKILL');
    await once(child, 'exit');
    const text = (await file(plainSeal).read())!.plain;
    assert.match(text, /^(.)\1{99999}$/);
    seen.add(text[0]!);
    copyFileSync(path, `${path}.copy`);
  }
  assert.ok(seen.size > 1, 'it did replace');
});

test('a state that cannot be kept is an error, and leaves nothing behind', async () => {
  writeFileSync(dir, 'a file where the directory should be');
  await assert.rejects(file().replace(secret, 'pkce'), { code: 'STORE' });
  rmSync(dir);
  mkdirSync(join(path, 'full'), { recursive: true });
  await assert.rejects(file().replace(secret, 'pkce'), { code: 'STORE' });
  await assert.rejects(file().read(), { code: 'STORE' });
  assert.deepEqual(readdirSync(dir), ['state']);
});

describe('a key that is handed in', () => {
  const name = 'WEIGHBRIDGE_TEST_HANDED_KEY';
  const keyFile = join(root, 'key');
  after(() => delete process.env[name]);

  test('as hex or base64url, by the environment or by a file of one’s own', async () => {
    for (const text of [key.toString('hex'), `${key.toString('hex')}\n`, key.toString('base64url')]) {
      process.env[name] = text;
      assert.deepEqual(await handedKey({ env: name }, 'here'), key);
      writeFileSync(keyFile, text, { mode: 0o600 });
      assert.deepEqual(await handedKey({ file: keyFile }, 'here'), key);
    }
  });

  test('one that others may read, is missing, or is no key, is refused without being quoted', async () => {
    const refused = (source: Parameters<typeof handedKey>[0], message: RegExp) =>
      assert.rejects(handedKey(source, 'state.key'), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'CONFIG');
        assert.match(error.message, message);
        assert.ok(!(error as WeighbridgeError).explain().includes('0badc0de'));
        return true;
      });
    chmodSync(keyFile, 0o640);
    await refused({ file: keyFile }, /others than its owner/);
    await refused({ file: join(root, 'none') }, /cannot be read: ENOENT/);
    await refused({ env: 'WEIGHBRIDGE_TEST_NO_SUCH_KEY' }, /not set/);
    process.env[name] = '0badc0de';
    await refused({ env: name }, /not 32 bytes/);
  });
});
