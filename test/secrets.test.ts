/**
 * What a tier that hangs leaves behind (norm 33), and how secrets are compared: what takes as long as the common part is long tells it, byte by byte (norm 34).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import ts from 'typescript';
import { reportFlags } from '../bench/campaign/hang.ts';
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
const methods = ['equals', 'includes', 'startsWith', 'endsWith', 'localeCompare', 'indexOf'];

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
      if (isConstant(first) || !(isSecret(node.expression.expression) || isSecret(first))) return;
    } else return;
    found.push(`${placeOf(source, node)} compares ${node.getText()}`);
  });
  return found;
}

describe('norm 34: secrets are compared in constant time', () => {
  const own = sources().filter(({ path }) => where.some((room) => path.startsWith(room)) && !isTesting(path));

  it('nowhere by their characters', () => assert.deepEqual(own.flatMap(leaks), []));

  it('where they are compared, by timingSafeEqual', () => {
    const users = own.filter(({ tree }) => tree.text.includes('timingSafeEqual(')).map(({ path }) => path);
    for (const path of [
      'gateway/secretDigest.ts',
      'gateway/controls/secondFactor.ts',
      'bench/testbed/tools/revocations.ts',
    ])
      assert.ok(users.includes(path), path);
  });

  it('the rule can fail', () => {
    const count = (text: string): number => leaks(parse('gateway/x.ts', text)).length;
    assert.equal(count('if (given === this.#pushSecret) ok();'), 1);
    assert.equal(count('if (digest.equals(secretDigest(given))) ok();'), 1);
    assert.equal(count('const ok = hmac(x) !== given;'), 1);
    assert.equal(count('if (secret === undefined || client_secret.length !== 3) fail();'), 0);
    assert.equal(count('if ((secret === undefined) === (vault === undefined)) fail();'), 0);
    assert.equal(count('if (timingSafeEqual(secretDigest(a), b)) ok();'), 0);
  });
});

it('norm 33: the report of a tier that hangs holds no secret of its environment or of its memory', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'report '));
  const script =
    "globalThis.kept = ['CANARY', 'memory'].join('-'); setInterval(() => {}, 1e6); process.stdout.write('ready')";
  const child = spawn(process.execPath, [...reportFlags, `--report-directory=${dir}`, '-e', script], {
    env: { ...process.env, WEIGHBRIDGE_RUN_SECRET: 'CANARY-environment' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    await once(child.stdout, 'data');
    child.kill('SIGUSR2');
    // It is written as one piece, but not in one moment: whole once it can be read as JSON.
    for (let report = ''; ; await pause(20)) {
      const [name] = readdirSync(dir);
      if (name !== undefined) report = readFileSync(join(dir, name), 'utf8');
      if (!report.trimEnd().endsWith('}')) continue;
      assert.ok(JSON.parse(report).javascriptHeap);
      // The script stands in the command line; what it made of its words stands nowhere.
      assert.ok(!report.includes('CANARY-'), 'a canary is in the report');
      break;
    }
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(dir, { recursive: true });
  }
});
