import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { replaceFile, syncPath } from './files.ts';

let parent: string;
let dir: string;
before(async () => {
  parent = await mkdtemp(join(tmpdir(), 'contract-files-'));
});
beforeEach(async () => {
  dir = await mkdtemp(join(parent, 'x-'));
});
after(() => rm(parent, { recursive: true }));

test('a file is made, then replaced, text and bytes, and nothing is left beside it', async () => {
  const file = join(dir, 'a');
  await replaceFile(file, 'ü1');
  assert.equal(await readFile(file, 'utf8'), 'ü1');
  await replaceFile(file, Buffer.of(0, 255));
  assert.deepEqual([...(await readFile(file))], [0, 255]);
  assert.deepEqual(await readdir(dir), ['a']);
});

test('the mode is that of the new file', async () => {
  const file = join(dir, 'a');
  await replaceFile(file, '1', { mode: 0o600 });
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('the old contents stay while the new ones are written', async () => {
  const file = join(dir, 'a');
  await writeFile(file, 'old');
  const writing = replaceFile(file, Buffer.alloc(20_000_000), { temporary: join(dir, 'aside') });
  let whole = false;
  const done = writing.then(() => {
    whole = true;
  });
  while (!whole) {
    const { size } = await stat(file);
    assert.ok(size === 3 || size === 20_000_000, `${size} bytes`);
  }
  await done;
  assert.deepEqual(await readdir(dir), ['a']);
});

test('where it cannot take its place, the temporary goes and the error comes', async () => {
  const file = join(dir, 'a');
  await mkdir(join(file, 'full'), { recursive: true });
  await assert.rejects(replaceFile(file, '1'), { code: /EISDIR|ENOTEMPTY|EEXIST/ });
  assert.deepEqual(await readdir(dir), ['a']);
  await assert.rejects(replaceFile(join(dir, 'none/a'), '1'), { code: 'ENOENT' });
});

test('wx: a temporary that is there, or a link in its place, is another’s, and stays as it was', async () => {
  const file = join(dir, 'a');
  const temporary = join(dir, 'theirs');
  const other = join(dir, 'other');
  await writeFile(other, 'kept');
  await symlink(other, temporary);
  await assert.rejects(replaceFile(file, '1', { temporary, flag: 'wx' }), { code: 'EEXIST' });
  assert.deepEqual((await readdir(dir)).sort(), ['other', 'theirs']);
  assert.equal(await readFile(other, 'utf8'), 'kept');
  await rm(temporary);
  await writeFile(temporary, 'theirs');
  await assert.rejects(replaceFile(file, '1', { temporary, flag: 'wx' }), { code: 'EEXIST' });
  assert.equal(await readFile(temporary, 'utf8'), 'theirs');
});

test('what is not there cannot be synced', async () => {
  await syncPath(dir);
  await assert.rejects(syncPath(join(dir, 'none')), { code: 'ENOENT' });
});
