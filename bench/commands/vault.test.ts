/** `weighbridge vault` as its users meet it; no output of it holds a secret. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FileKeyStore, Vault } from '../../gateway/vault/index.ts';

const cli = fileURLToPath(new URL('../../bin/weighbridge.mjs', import.meta.url));
let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vault-cli-'));
});
after(() => rm(dir, { recursive: true }));

async function vault(args: string[], input = ''): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, [cli, 'vault', ...args], { cwd: dir, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  // A command that does not read its input may have ended before it is written.
  child.stdin.on('error', () => undefined).end(input);
  const code = await new Promise<number>((resolve) => child.once('close', (c) => resolve(c ?? -1)));
  assert.ok(!said.includes('CANARY'), said);
  return { code, said };
}

it('init, put, list, rotate-key, forget-previous', async () => {
  assert.equal((await vault(['init'])).code, 0);
  assert.equal((await vault(['init'])).code, 104, 'nothing is overwritten');
  assert.equal((await vault(['put', 'tools'], 'CANARY-one\n')).said, 'tools: revision 1\n');
  await writeFile(join(dir, 'secret.txt'), 'CANARY-two');
  assert.equal((await vault(['put', 'tools', '--from', 'secret.txt'])).said, 'tools: revision 2\n');
  const secrets = async (): Promise<string[]> => {
    const keys = await FileKeyStore.open(join(dir, 'vault-keys.json'));
    return (await Vault.open(join(dir, 'vault.json'), keys)).secrets('tools');
  };
  assert.deepEqual(await secrets(), ['CANARY-two', 'CANARY-one']);
  const before = JSON.parse((await vault(['list', '--json'])).said);
  assert.deepEqual([before[0].name, before[0].revision, before[0].previous], ['tools', 2, true]);
  assert.equal((await vault(['rotate-key'])).code, 0);
  const after = JSON.parse((await vault(['list', '--json'])).said);
  assert.notEqual(after[0].key_id, before[0].key_id);
  assert.equal((await vault(['forget-previous', 'tools'])).code, 0);
  assert.deepEqual(await secrets(), ['CANARY-two']);
  assert.ok(!(await readFile(join(dir, 'vault.json'), 'utf8')).includes('CANARY'));
});

it('names what is wrong: 104', async () => {
  const cases: [args: string[], input: string, says: RegExp][] = [
    [['put', 'x', '--vault', 'none.json'], 'CANARY', /the vault cannot be read: ENOENT/],
    [['put', 'x', '--keys', 'none.json'], 'CANARY', /the key store cannot be read: ENOENT/],
    [['put', 'Not A Name'], 'CANARY', /lower-case letters/],
    [['put', 'empty'], '', /1 to 65536 bytes, not 0/],
    [['put', 'x', '--from', 'none.txt'], '', /the secret cannot be read: ENOENT/],
    [['forget-previous', 'unknown'], '', /holds no entry unknown/],
  ];
  for (const [args, input, says] of cases) {
    const { code, said } = await vault(args, input);
    assert.equal(code, 104, said);
    assert.match(said, says);
  }
});
