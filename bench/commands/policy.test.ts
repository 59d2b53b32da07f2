/** `weighbridge policy` as its users meet it: a process, its output and its exit code. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../bin/weighbridge.mjs', import.meta.url));

async function weighbridge(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [cli, 'policy', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  const code = await new Promise<number>((resolve) => child.once('close', (c) => resolve(c ?? -1)));
  return { code, ...said };
}

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'policy-'));
});
after(() => rm(dir, { recursive: true }));

describe('weighbridge policy', () => {
  it('compile writes both forms and the schema, the same as it prints', async () => {
    const out = join(dir, 'a', 'b');
    const [written, printed, json] = await Promise.all([
      weighbridge('compile', '--out', out),
      weighbridge('compile'),
      weighbridge('compile', '--json'),
    ]);
    assert.deepEqual([written.code, printed.code, json.code], [0, 0, 0], written.err);
    assert.deepEqual((await readdir(out)).sort(), ['native.json', 'policy.cedar', 'policy.cedarschema']);
    const cedar = await readFile(join(out, 'policy.cedar'), 'utf8');
    assert.equal(printed.out, cedar);
    assert.deepEqual(JSON.parse(json.out), {
      cedar,
      native: JSON.parse(await readFile(join(out, 'native.json'), 'utf8')),
    });
  });

  it('diff: 0 where the sides agree, 0 with differences shown, 99 where they were asked to fail', async () => {
    const overlay = join(dir, 'overlay.cedar');
    await writeFile(overlay, '@id("no-mail") forbid (principal, action, resource == Operation::"mail.send_message");');
    const common = ['diff', '--workload', 'tool-chain', '--calls', '50', '--json'];
    const [same, shown, failed, again] = await Promise.all([
      weighbridge(...common, '--fail-on-diff'),
      weighbridge(...common, '--overlay', overlay),
      weighbridge(...common, '--overlay', overlay, '--fail-on-diff'),
      weighbridge(...common, '--overlay', overlay),
    ]);
    assert.deepEqual([same.code, shown.code, failed.code], [0, 0, 99]);
    assert.equal(shown.out, again.out, 'the same seed, the same bytes');
    assert.equal(shown.out, failed.out);
    assert.match(failed.err, /^THRESHOLD: \d+ decisions differ/);
    const diff = JSON.parse(shown.out);
    assert.ok(diff.denied_at_gateway_only.length > 0);
    for (const call of diff.denied_at_gateway_only) {
      assert.deepEqual(
        [call.tool, call.operation, call.plugin, call.class],
        ['mail', 'send_message', 'mail-sender', 'write'],
      );
      assert.deepEqual(
        [call.native, call.gateway],
        [
          { allowed: true, rule: '' },
          { allowed: false, rule: 'no-mail' },
        ],
      );
    }
    assert.deepEqual(diff.gateway_rules.find((r: { rule: string }) => r.rule === 'no-mail').status, 'lost');
  });

  it('names what is wrong, and where: 104', async () => {
    const plugins = join(dir, 'plugins');
    await mkdir(join(plugins, 'one'), { recursive: true });
    await writeFile(join(plugins, 'one', 'manifest.json'), '{"name":"one","permissions":["root"]}');
    const wide = join(dir, 'wide.cedar');
    await writeFile(wide, 'permit (principal, action, resource);');
    const broken = join(dir, 'broken.cedar');
    await writeFile(broken, 'forbid (');
    const cases: [args: string[], says: RegExp][] = [
      [['compile', '--plugins', join(dir, 'nowhere')], /no plugin manifest/],
      [['compile', '--plugins', plugins], /one\/manifest\.json: permissions/],
      [['compile', '--out', cli], /cannot be written/],
      [['diff', '--overlay', join(dir, 'none.cedar')], /cannot be read: ENOENT/],
      [['diff', '--overlay', wide], /an overlay may only forbid/],
      [['diff', '--overlay', broken], /cannot be used/],
      [['diff', '--workload', 'nothing'], /choices/],
      [['diff', '--at', 'noon'], /a moment in UTC/],
      [['diff', '--calls', '-1'], /whole number/],
    ];
    await Promise.all(
      cases.map(async ([args, says]) => {
        const { code, err } = await weighbridge(...args);
        assert.equal(code, 104, `${args.join(' ')}: ${err}`);
        assert.match(err, says);
      }),
    );
  });
});
