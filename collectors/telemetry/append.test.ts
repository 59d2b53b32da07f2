import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WeighbridgeError } from '#contract/errors.ts';
import { appendWhole } from './append.ts';

const dir = mkdtempSync(join(tmpdir(), 'weighbridge append '));
after(() => rmSync(dir, { recursive: true }));

const isStore = (error: unknown) => error instanceof WeighbridgeError && error.code === 'STORE';

test('appends behind what is there', () => {
  const file = join(dir, 'a.log');
  appendWhole(file, 'one\n');
  appendWhole(file, 'zwei: ü\n');
  assert.equal(readFileSync(file, 'utf8'), 'one\nzwei: ü\n');
});

test('short writes go on where they stopped', () => {
  const file = join(dir, 'short.log');
  const text = 'äöü line\n'.repeat(1000);
  let calls = 0;
  appendWhole(file, text, (fd, bytes, offset, length) => {
    calls++;
    return writeSync(fd, bytes, offset, Math.min(length, 777));
  });
  assert.equal(readFileSync(file, 'utf8'), text);
  assert.ok(calls > 10);
});

test('a disk that is full half-way: STORE, and the file is as it was', () => {
  const file = join(dir, 'full.log');
  writeFileSync(file, 'before\n');
  let room = 10;
  const full = () =>
    appendWhole(file, 'line one\nline two\n', (fd, bytes, offset, length) => {
      const written = Math.min(room, length);
      room -= written;
      return written === 0 ? 0 : writeSync(fd, bytes, offset, written);
    });
  assert.throws(full, (error) => isStore(error) && (error as WeighbridgeError).where === file);
  assert.equal(readFileSync(file, 'utf8'), 'before\n');
  appendFileSync(file, 'after\n');
  assert.equal(readFileSync(file, 'utf8'), 'before\nafter\n');
});

test('a device with no room, and a directory that is not there: STORE', { skip: !existsSync('/dev/full') }, () => {
  assert.throws(() => appendWhole('/dev/full', 'line\n'), isStore);
  assert.throws(() => appendWhole(join(dir, 'none', 'a.log'), 'line\n'), isStore);
});
