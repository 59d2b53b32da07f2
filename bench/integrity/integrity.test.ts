import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  checkSignature,
  checksumsFile,
  isRaw,
  isSigned,
  rawDigest,
  signResults,
  verifyDirectory,
  writeChecksums,
} from './index.ts';

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');
const content: Record<string, string> = {
  'manifest.json': '{}',
  'campaign.yaml': 'version: 1\n',
  'calls.parquet': 'PAR1 calls',
  'analysis.json': '{"version":1}',
  'report.html': '<p>',
  'charts/a b.svg': '<svg/>',
};

let dir: string;
const at = (path: string): string => join(dir, path);
const hostile = (line: string): void => appendFileSync(at(checksumsFile), `${line}\n`);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wb integrity '));
  mkdirSync(at('charts'));
  for (const [path, text] of Object.entries(content)) writeFileSync(at(path), text);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('writing', () => {
  it('puts raw and derived apart, each sorted by path', async () => {
    await writeChecksums(dir);
    const line = (path: string): string => `${sha256(content[path]!)}  ${path}`;
    assert.equal(
      readFileSync(at(checksumsFile), 'utf8'),
      [
        '# raw',
        line('calls.parquet'),
        line('campaign.yaml'),
        line('manifest.json'),
        '# derived',
        line('analysis.json'),
        line('charts/a b.svg'),
        line('report.html'),
        '',
      ].join('\n'),
    );
  });

  it('gives the digest over the raw lines, whatever is derived from them', async () => {
    const lines = ['calls.parquet', 'campaign.yaml', 'manifest.json'].map((p) => `${sha256(content[p]!)}  ${p}\n`);
    const expected = sha256(lines.join(''));
    assert.equal(await rawDigest(dir), expected);
    assert.deepEqual(await writeChecksums(dir), { raw_digest: expected });
    writeFileSync(at('adr.md'), 'new');
    assert.equal(await rawDigest(dir), expected);
    writeFileSync(at('calls.parquet'), 'other');
    assert.notEqual(await rawDigest(dir), expected);
  });

  it('the same files give the same bytes again, after a write that was cut too, and nothing is left beside them', async () => {
    await writeChecksums(dir);
    writeFileSync(at(`${checksumsFile}.tmp`), 'half a li');
    const first = readFileSync(at(checksumsFile), 'utf8');
    await writeChecksums(dir);
    assert.equal(readFileSync(at(checksumsFile), 'utf8'), first);
    assert.deepEqual((await verifyDirectory(dir)).problems, []);
  });

  it('is read by sha256sum', async () => {
    await writeChecksums(dir);
    assert.match(String(execFileSync('sha256sum', ['-c', checksumsFile], { cwd: dir })), /charts\/a b\.svg: OK/);
  });

  it('refuses a link, and a name that no line can hold', async () => {
    symlinkSync('/etc/hostname', at('link'));
    await assert.rejects(writeChecksums(dir), { code: 'INTEGRITY', message: /"link"/ });
    rmSync(at('link'));
    writeFileSync(at('two\nlines'), '');
    await assert.rejects(writeChecksums(dir), { code: 'INTEGRITY', message: /two\\nlines/ });
  });
});

it('raw is what was measured', () => {
  for (const path of ['manifest.json', 'campaign.yaml', 'security.json', 'spans.parquet', 'blocks/000/calls.parquet']) {
    assert.equal(isRaw(path), true, path);
  }
  for (const path of ['analysis.json', 'report.html', 'adr.md', 'junit.xml', 'charts/manifest.json', 'x.parquet.svg']) {
    assert.equal(isRaw(path), false, path);
  }
});

describe('verifying', () => {
  beforeEach(() => writeChecksums(dir));

  it('an untouched directory holds, and says the digest of its raw part', async () => {
    assert.deepEqual(await verifyDirectory(dir), { ok: true, problems: [], raw_digest: await rawDigest(dir) });
  });

  it('names what was changed, is missing, or was added', async () => {
    writeFileSync(at('calls.parquet'), 'PAR1 callz');
    rmSync(at('report.html'));
    writeFileSync(at('charts/b.svg'), '');
    const { ok, problems } = await verifyDirectory(dir);
    assert.equal(ok, false);
    assert.deepEqual(problems, [
      { path: 'calls.parquet', problem: 'changed' },
      { path: 'charts/b.svg', problem: 'unlisted' },
      { path: 'report.html', problem: 'missing' },
    ]);
  });

  it('a file that became a link to the same bytes is changed', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'wb-elsewhere-'));
    writeFileSync(join(elsewhere, 'report.html'), content['report.html']!);
    rmSync(at('report.html'));
    symlinkSync(join(elsewhere, 'report.html'), at('report.html'));
    assert.deepEqual((await verifyDirectory(dir)).problems, [{ path: 'report.html', problem: 'changed' }]);
    rmSync(elsewhere, { recursive: true });
  });

  it('a file below a linked directory is not opened', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'wb-elsewhere-'));
    writeFileSync(join(elsewhere, 'secret'), 'x');
    symlinkSync(elsewhere, at('out'));
    hostile(`${sha256('x')}  out/secret`);
    assert.deepEqual((await verifyDirectory(dir)).problems, [
      { path: 'out', problem: 'unlisted' },
      { path: 'out/secret', problem: 'missing' },
    ]);
    rmSync(elsewhere, { recursive: true });
  });

  const zeros = '0'.repeat(64);
  const lines: [what: string, line: string][] = [
    ['a way out', `${zeros}  ../outside`],
    ['a way out further down', `${zeros}  charts/../../outside`],
    ['an absolute path', `${zeros}  /etc/hostname`],
    ['a backslash', `${zeros}  ..\\outside`],
    ['an empty segment', `${zeros}  charts//a.svg`],
    ['a dot', `${zeros}  ./report.html`],
    ['a control character', `${zeros}  a\u0000b`],
    ['a short digest', '0123  report.html'],
    ['capital digits', `${'A'.repeat(64)}  x`],
    ['one space', `${zeros} report.html`],
    ['the binary sign', `${zeros} *report.html`],
    ['a path twice', `${zeros}  report.html`],
    ['itself', `${zeros}  ${checksumsFile}`],
    ['prose', 'all is well'],
  ];
  for (const [what, line] of lines) {
    it(`refuses a checksums file with ${what}`, async () => {
      hostile(line);
      await assert.rejects(verifyDirectory(dir), { code: 'INTEGRITY', message: /^line 9 of checksums\.sha256/ });
    });
  }

  it('refuses a directory without one', async () => {
    rmSync(at(checksumsFile));
    await assert.rejects(verifyDirectory(dir), { code: 'INTEGRITY', message: /there is no checksums\.sha256/ });
  });
});

describe('signature', () => {
  const signer = generateKeyPairSync('ed25519');
  const stranger = generateKeyPairSync('ed25519');

  it('holds for its signer’s key alone, and disturbs no digest', async () => {
    await writeChecksums(dir);
    assert.equal(await checkSignature(dir, signer.publicKey), 'absent');
    await signResults(dir, signer.privateKey);
    assert.equal(await checkSignature(dir, signer.publicKey), 'good');
    assert.equal(await checkSignature(dir, stranger.publicKey), 'bad');
    assert.ok((await verifyDirectory(dir)).ok);
  });

  it('is checked by openssl as it stands', async () => {
    await writeChecksums(dir);
    await signResults(dir, signer.privateKey);
    const pub = `${dir}.pem`;
    writeFileSync(pub, signer.publicKey.export({ format: 'pem', type: 'spki' }));
    const args = ['pkeyutl', '-verify', '-pubin', '-inkey', pub, '-rawin', '-in', checksumsFile];
    const said = execFileSync('openssl', [...args, '-sigfile', `${checksumsFile}.sig`], { cwd: dir });
    rmSync(pub);
    assert.match(String(said), /Verified Successfully/);
  });

  it('does not hold once a digest changed with its file, and goes when digests are written anew', async () => {
    await writeChecksums(dir);
    await signResults(dir, signer.privateKey);
    await writeChecksums(dir);
    assert.equal(await checkSignature(dir, signer.publicKey), 'good', 'the same digests');
    writeFileSync(at('calls.parquet'), 'PAR1 forged');
    const forged = readFileSync(at(checksumsFile), 'utf8').replace(sha256('PAR1 calls'), sha256('PAR1 forged'));
    writeFileSync(at(checksumsFile), forged);
    assert.ok((await verifyDirectory(dir)).ok, 'digests alone do not show it');
    assert.equal(await checkSignature(dir, signer.publicKey), 'bad');
    writeFileSync(at('calls.parquet'), 'PAR1 measured again');
    await writeChecksums(dir);
    assert.equal(await isSigned(dir), false);
  });
});
