import assert from 'node:assert/strict';
import { appendFile, type FileHandle, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { Journal, type JournalFile } from './journal.ts';

const schema = z.strictObject({ n: z.int() });
type N = z.infer<typeof schema>;
const all = (records: N[]): N[] => records;

/** The file itself, but for what is changed. */
const fileOver = (real: FileHandle, changes: Partial<JournalFile>): JournalFile => ({
  write: (data, offset, length, position) => real.write(data, offset, length, position),
  datasync: () => real.datasync(),
  truncate: (size) => real.truncate(size),
  close: () => real.close(),
  ...changes,
});

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gateway-journal-'));
});
after(() => rm(directory, { recursive: true }));

test('what was appended is there when it is opened again, in order, for its owner alone', async () => {
  const path = join(directory, 'order');
  const { journal } = await Journal.open(path, schema, all);
  await Promise.all(Array.from({ length: 300 }, (_, n) => journal.append({ n })));
  await journal.close();
  const again = await Journal.open(path, schema, all);
  assert.deepEqual(
    again.records.map(({ n }) => n),
    Array.from({ length: 300 }, (_, n) => n),
  );
  await again.journal.append({ n: 300 });
  await again.journal.close();
  const third = await Journal.open(path, schema, all);
  assert.equal(third.records.length, 301);
  await third.journal.close();
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('cut at every byte: the whole records are kept, the torn one is cut off, and the next append is readable', async () => {
  const path = join(directory, 'cut');
  const text = '{"n":1}\n{"n":22}\n{"n":333}\n';
  for (let length = 0; length <= text.length; length++) {
    await writeFile(path, text.slice(0, length));
    const { journal, records } = await Journal.open(path, schema, all);
    const whole = text.slice(0, length).split('\n').length - 1;
    assert.equal(records.length, whole, `cut at ${length}`);
    await journal.append({ n: 9 });
    await journal.close();
    const lines = text.split('\n').slice(0, whole);
    assert.equal(await readFile(path, 'utf8'), [...lines, '{"n":9}', ''].join('\n'), `cut at ${length}`);
  }
});

test('a whole line that is no record: it does not open', async () => {
  const path = join(directory, 'altered');
  for (const line of ['{"n":"1"}', '{"n":1,"m":2}', 'n', '']) {
    await writeFile(path, '{"n":1}\n');
    await appendFile(path, `${line}\n`);
    await assert.rejects(Journal.open(path, schema, all), { code: 'INTEGRITY', where: `${path}:2` });
  }
});

test('a byte that is no text, in a whole line: it does not open; in a torn one it is cut off with it', async () => {
  const path = join(directory, 'bytes');
  const text = z.strictObject({ s: z.string() });
  const [begin, end] = [Buffer.from('{"s":"a'), Buffer.from('"}\n')];
  const bad = Buffer.concat([begin, Buffer.of(0xff), end]);
  await writeFile(path, bad);
  await assert.rejects(
    Journal.open(path, text, (records) => records),
    { code: 'INTEGRITY', where: path },
  );
  assert.deepEqual(await readFile(path), bad, 'it stays as it was found');
  await writeFile(path, Buffer.concat([Buffer.from('{"s":"é"}\n'), bad.subarray(0, -1)]));
  const { journal, records } = await Journal.open(path, text, (all) => all);
  assert.deepEqual(records, [{ s: 'é' }]);
  await journal.append({ s: 'b' });
  await journal.close();
  assert.equal(await readFile(path, 'utf8'), '{"s":"é"}\n{"s":"b"}\n');
});

test('what does not matter any more is left out when it is opened, and the file replaced', async () => {
  const path = join(directory, 'folded');
  await writeFile(path, '{"n":1}\n{"n":2}\n{"n":3}\n{"n":');
  const { journal, records } = await Journal.open(path, schema, (list) => list.filter(({ n }) => n > 1));
  assert.deepEqual(records, [{ n: 2 }, { n: 3 }]);
  assert.equal(await readFile(path, 'utf8'), '{"n":2}\n{"n":3}\n');
  await journal.append({ n: 4 });
  await journal.close();
  assert.equal(await readFile(path, 'utf8'), '{"n":2}\n{"n":3}\n{"n":4}\n');
});

test('a write that falls short rejects all of its batch, is cut off, and the next one succeeds', async () => {
  const path = join(directory, 'short');
  const real = await open(path, 'w+');
  let room_bytes = 12;
  const full = fileOver(real, {
    async write(data, offset, length, position) {
      const taken = Math.min(length, room_bytes);
      room_bytes -= taken;
      return real.write(data, offset, taken, position);
    },
  });
  const journal = new Journal<N>(full, 0);
  await journal.append({ n: 1 });
  const results = await Promise.allSettled([journal.append({ n: 2 }), journal.append({ n: 3 })]);
  assert.deepEqual(
    results.map((r) => r.status === 'rejected' && (r.reason as { code: string }).code),
    ['STORE', 'STORE'],
  );
  room_bytes = 1_000;
  await journal.append({ n: 4 });
  await journal.close();
  assert.equal(await readFile(path, 'utf8'), '{"n":1}\n{"n":4}\n');
});

test('a sync that fails rejects: what may not be on the disk does not count', async () => {
  const path = join(directory, 'sync');
  const real = await open(path, 'w+');
  let fails = true;
  const failing = fileOver(real, {
    datasync: () => (fails ? Promise.reject(new Error('EIO')) : real.datasync()),
  });
  const journal = new Journal<N>(failing, 0);
  await assert.rejects(journal.append({ n: 1 }), { code: 'STORE' });
  fails = false;
  await journal.append({ n: 2 });
  await journal.close();
  assert.equal(await readFile(path, 'utf8'), '{"n":2}\n');
});

test('a file in no directory: it says so', () =>
  assert.rejects(Journal.open(join(directory, 'none', 'x'), schema, all), { code: 'CONFIG' }));
