/**
 * What a tier that hangs leaves behind (norm 33), and how secrets are compared: what takes as long as the common part is long tells it, byte by byte (norm 34).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';
import { dumpStack, reportFlags } from '../bench/campaign/hang.ts';
import { isTesting, parse, placeOf, type Source, sources, walk } from './sources.ts';

const where = ['agents/', 'gateway/', 'collectors/', 'bench/testbed/', 'bench/contract/'];
/** Names of what nobody may learn by guessing; of tokens that are objects here, only the identity is compared. */
const secret = /secret|passw|form_?token|one_?time_?code|\bmac\b|hmac/i;
/** A type or a length is no secret. */
const harmless = /^typeof |\.(length|size|kind|type|id)$/;

const equality: readonly ts.SyntaxKind[] = [
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
];
const methods = ['equals', 'compare', 'includes', 'startsWith', 'endsWith', 'localeCompare', 'indexOf'];

/** Absent or not, empty or not: that may show. */
const isConstant = (node: ts.Expression): boolean =>
  ts.isLiteralExpression(node) || ['undefined', 'null', 'true', 'false'].includes(node.getText());
const isSecret = (node: ts.Expression): boolean => {
  if (ts.isParenthesizedExpression(node)) return isSecret(node.expression);
  const text = node.getText();
  return secret.test(text) && !harmless.test(text) && !ts.isBinaryExpression(node);
};

function leaks(source: Source): string[] {
  const found: string[] = [];
  walk(source.tree, (node) => {
    if (ts.isBinaryExpression(node) && equality.includes(node.operatorToken.kind)) {
      const { left, right } = node;
      if (isConstant(left) || isConstant(right) || !(isSecret(left) || isSecret(right))) return;
    } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const [first] = node.arguments;
      if (!methods.includes(node.expression.name.text) || !first) return;
      // `Buffer.compare` has both in its arguments.
      if (isConstant(first) || ![node.expression.expression, ...node.arguments].some(isSecret)) return;
    } else return;
    found.push(`${placeOf(source, node)} compares ${node.getText()}`);
  });
  return found;
}

/** Is there a call of it, not merely an import or a word about it? */
function comparesInConstantTime({ tree }: Source): boolean {
  let found = false;
  walk(tree, (node) => {
    found ||= ts.isCallExpression(node) && node.expression.getText() === 'timingSafeEqual';
  });
  return found;
}

/** All that compare secrets; some call them by names that tell nobody so. */
const comparing = [
  'bench/contract/dpopNonces.ts',
  'bench/testbed/tools/revocations.ts',
  'gateway/controls/secondFactor.ts',
  'gateway/secretDigest.ts',
];

describe('norm 34: secrets are compared in constant time', () => {
  const own = sources().filter(({ path }) => where.some((room) => path.startsWith(room)) && !isTesting(path));

  it('nowhere by their characters', () => assert.deepEqual(own.flatMap(leaks), []));

  it('where they are compared, by timingSafeEqual', () => {
    const users = own.filter(comparesInConstantTime).map(({ path }) => path);
    assert.deepEqual(
      comparing.filter((path) => !users.includes(path)),
      [],
    );
  });

  it('where it is broken in one of them, that shows', () => {
    for (const path of comparing) {
      const { tree } = own.find((source) => source.path === path)!;
      const broken = tree.text.replaceAll(/timingSafeEqual\(([^,]+), /g, 'Buffer.compare($1, ');
      assert.notEqual(broken, tree.text);
      assert.ok(!comparesInConstantTime(parse(path, broken)), path);
    }
  });

  it('the rule can fail', () => {
    const count = (text: string): number => leaks(parse('gateway/x.ts', text)).length;
    assert.equal(count('if (given === this.#pushSecret) ok();'), 1);
    assert.equal(count('if (digest.equals(secretDigest(given))) ok();'), 1);
    assert.equal(count('const ok = hmac(x) !== given;'), 1);
    assert.equal(count('const ok = Buffer.compare(given, secret) === 0;'), 1);
    assert.equal(count('const ok = given.compare(this.#pushSecret) === 0;'), 1);
    assert.equal(count('if (secret === undefined || client_secret.length !== 3) fail();'), 0);
    assert.equal(count('if ((secret === undefined) === (vault === undefined)) fail();'), 0);
    assert.equal(count('if (timingSafeEqual(secretDigest(a), b)) ok();'), 0);
  });
});

it('norm 33: the report of a tier that hangs holds no secret of its environment', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'report '));
  const script = "setInterval(() => {}, 1e6); process.stdout.write('ready')";
  const child = spawn(process.execPath, [...reportFlags, `--report-directory=${dir}`, '-e', script], {
    env: { ...process.env, WEIGHBRIDGE_RUN_SECRET: 'CANARY-environment' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    await once(child.stdout, 'data');
    const file = await dumpStack({ pid: child.pid!, name: 'tier' }, dir);
    assert.ok(file !== null, 'it wrote a whole report in time');
    const report = readFileSync(file, 'utf8');
    assert.ok(JSON.parse(report).javascriptHeap);
    assert.ok(!/CANARY-|WEIGHBRIDGE_RUN_SECRET/.test(report), 'its environment is in the report');
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(dir, { recursive: true });
  }
});
