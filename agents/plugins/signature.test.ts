/** Norm 12: unsigned or altered plugins are refused, before any of their code runs. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { WeighbridgeError } from '#contract/errors.ts';
import { operationByName } from '#contract/tools.ts';
import { hardened } from '../config/settings.ts';
import { parsePublishers, publisherLine } from '../security/plugin-signature.ts';
import { PluginBench, testPublisher } from '../testing/plugins.ts';
import { runPlugin } from './code.ts';
import { builtinPlugins, pluginFolders, readPluginFolder, signatureStateOf } from './folder.ts';
import { loadPlugins } from './registry.ts';

function refusal(bench: PluginBench, settings = bench.settings): WeighbridgeError {
  try {
    loadPlugins({ dir: bench.dir, settings });
  } catch (error) {
    return error as WeighbridgeError;
  }
  assert.fail('the plugins were loaded');
}

function assertRefused(bench: PluginBench, message: RegExp, mend: RegExp): void {
  const error = refusal(bench);
  assert.deepEqual([error.code, error.exitCode, error.where], ['INTEGRITY', 106, bench.path('searcher')]);
  assert.match(error.message, message);
  assert.match(error.mend!, mend);
}

test('norm 12: the agent’s own plugins are as their publisher signed them', () => {
  const publishers = parsePublishers(hardened['plugins.trusted_publishers']);
  const states = pluginFolders(builtinPlugins).map((path) => {
    const folder = readPluginFolder(path);
    return [folder.name, signatureStateOf(folder, publishers)];
  });
  assert.equal(states.length, 7);
  for (const [name, state] of states) {
    assert.deepEqual(
      state,
      { state: 'signed', publisher: 'weighbridge+cac790aa' },
      `${String(name)} was changed and not signed again: see agents/plugins/README.md`,
    );
  }
});

describe('norm 12: an unsigned or altered plugin is not loaded', () => {
  const cases: [what: string, alter: (bench: PluginBench) => void, message: RegExp, mend: RegExp][] = [
    [
      'no signature',
      (b) => rmSync(b.path('searcher', 'signature.json')),
      /^plugin searcher is not loaded: it has no signature\.json$/,
      /^sign it: claw plugin sign/,
    ],
    [
      'its code was altered by one byte',
      (b) => b.write('searcher', 'plugin.ts', `${readFileSync(b.path('searcher', 'plugin.ts'), 'utf8')}\n`),
      /is not loaded: plugin\.ts was altered$/,
      /^restore what was signed/,
    ],
    [
      'its manifest was altered',
      (b) => {
        const manifest = JSON.parse(readFileSync(b.path('searcher', 'manifest.json'), 'utf8')) as object;
        const hosts = ['tools.weighbridge.test', 'elsewhere.example'];
        b.write('searcher', 'manifest.json', JSON.stringify({ ...manifest, hosts }));
      },
      /is not loaded: manifest\.json was altered$/,
      /^restore what was signed/,
    ],
    [
      'a file was added',
      (b) => b.write('searcher', 'more.ts', ''),
      /is not loaded: more\.ts was added$/,
      /^restore what was signed/,
    ],
    [
      'a file was removed',
      (b) => {
        b.write('searcher', 'more.ts', '');
        b.sign('searcher');
        rmSync(b.path('searcher', 'more.ts'));
      },
      /is not loaded: more\.ts was removed$/,
      /^restore what was signed/,
    ],
    [
      'code and digests were altered, the signature not',
      (b) => {
        const signed = JSON.parse(readFileSync(b.path('searcher', 'signature.json'), 'utf8')) as { signature: string };
        b.write('searcher', 'plugin.ts', '');
        b.sign('searcher');
        const resigned = JSON.parse(readFileSync(b.path('searcher', 'signature.json'), 'utf8')) as object;
        b.write('searcher', 'signature.json', JSON.stringify({ ...resigned, signature: signed.signature }));
      },
      /is not loaded: its signature\.json was altered$/,
      /^restore what was signed/,
    ],
    [
      'signed by a stranger',
      (b) => b.sign('searcher', { key: generateKeyPairSync('ed25519').privateKey }),
      /is not loaded: its publisher test-publisher\+[0-9a-f]{8} is not trusted$/,
      /plugins\.trusted_publishers/,
    ],
    [
      'signed by a stranger under a trusted name and key id',
      (b) => {
        b.sign('searcher', { key: generateKeyPairSync('ed25519').privateKey });
        const forged = JSON.parse(readFileSync(b.path('searcher', 'signature.json'), 'utf8')) as object;
        const publisher = parsePublishers([b.publisher])[0]!.id;
        b.write('searcher', 'signature.json', JSON.stringify({ ...forged, publisher }));
      },
      /is not loaded: its signature\.json was altered$/,
      /^restore what was signed/,
    ],
    [
      'another plugin’s signature',
      (b) => cpSync(b.path('mail-reader', 'signature.json'), b.path('searcher', 'signature.json')),
      /is not loaded: manifest\.json was altered, plugin\.ts was altered$/,
      /^restore what was signed/,
    ],
    [
      'a signature that is none',
      (b) => b.write('searcher', 'signature.json', '{"algorithm":"none"}'),
      /is not loaded: its signature\.json is not one$/,
      /^restore it/,
    ],
    [
      'a signature over a path that has no canonical form',
      (b) => {
        const signed = JSON.parse(readFileSync(b.path('searcher', 'signature.json'), 'utf8')) as { files: object };
        const files = { ...signed.files, '\ud800': '0'.repeat(64) };
        b.write('searcher', 'signature.json', JSON.stringify({ ...signed, files }));
      },
      /is not loaded: its signature\.json is not one$/,
      /^restore it/,
    ],
  ];
  for (const [what, alter, message, mend] of cases) {
    test(what, () => {
      using bench = new PluginBench(['searcher', 'mail-reader']);
      assert.equal(loadPlugins({ dir: bench.dir, settings: bench.settings }).length, 2);
      alter(bench);
      assertRefused(bench, message, mend);
    });
  }

  test('a link in its folder', () => {
    using bench = new PluginBench(['searcher']);
    symlinkSync(bench.path('catalogue.ts'), bench.path('searcher', 'linked.ts'));
    const error = refusal(bench);
    assert.equal(error.code, 'INTEGRITY');
    assert.match(error.message, /neither file nor folder/);
  });

  test('a whole signed plugin under another’s name', () => {
    using bench = new PluginBench(['searcher']);
    cpSync(bench.path('searcher'), bench.path('payer'), { recursive: true });
    assert.match(refusal(bench).message, /the folder payer holds the plugin searcher/);
  });

  test('none of its code runs, nor of the plugins beside it', () => {
    using bench = new PluginBench(['searcher']);
    const ran = globalThis as { weighbridgeTestRan?: string[] };
    ran.weighbridgeTestRan = [];
    const code = (name: string): string =>
      `globalThis.weighbridgeTestRan.push('${name}');\nexport const request = () => null;\n`;
    const manifest = (name: string): string =>
      JSON.stringify({ name, version: '1.0.0', permissions: [], hosts: [], operations: [] });
    bench.write('a', 'manifest.json', manifest('a'));
    bench.write('a', 'plugin.ts', code('a'));
    bench.sign('a');
    bench.write('b', 'manifest.json', manifest('b'));
    bench.write('b', 'plugin.ts', code('b'));
    assert.match(refusal(bench).message, /^plugin b is not loaded/);
    assert.deepEqual(ran.weighbridgeTestRan, []);
    bench.sign('b');
    loadPlugins({ dir: bench.dir, settings: bench.settings });
    assert.deepEqual(ran.weighbridgeTestRan, ['a', 'b']);
  });
});

test('plugins.block_unsigned off: it is loaded, and its state says what it is', () => {
  using bench = new PluginBench(['searcher']);
  rmSync(bench.path('searcher', 'signature.json'));
  const settings = { ...bench.settings, 'plugins.block_unsigned': false };
  const [plugin] = loadPlugins({ dir: bench.dir, settings });
  assert.equal(plugin!.signature?.state, 'unsigned');
  assert.equal(plugin!.request(operationByName.get('search.query')!, { q: 'x' }).body, '{"q":"x"}');
});

test('no publisher is trusted by default but the agent’s own', () => {
  using bench = new PluginBench(['searcher']);
  assert.match(refusal(bench, hardened).message, /is not trusted/);
});

test('formatting a manifest does not alter it, and does not let a second value hide', () => {
  using bench = new PluginBench(['searcher']);
  const text = readFileSync(bench.path('searcher', 'manifest.json'), 'utf8');
  bench.write('searcher', 'manifest.json', JSON.stringify(JSON.parse(text), null, 7));
  assert.equal(loadPlugins({ dir: bench.dir, settings: bench.settings })[0]!.signature?.state, 'signed');
  // JSON takes the last of two: so does what is signed, and what is enforced.
  bench.write('searcher', 'manifest.json', text.replace('{', '{"hosts": ["elsewhere.example"],'));
  assert.deepEqual(loadPlugins({ dir: bench.dir, settings: bench.settings })[0]!.manifest.hosts, [
    'tools.weighbridge.test',
  ]);
});

test('what runs is what was judged, though the file changes in between', () => {
  using bench = new PluginBench(['searcher']);
  bench.write('searcher', 'plugin.ts', "import { word } from './word.ts';\nexport const request = () => word;\n");
  bench.write('searcher', 'word.ts', "export const word: string = 'judged';\n");
  bench.sign('searcher');
  const judged = readPluginFolder(bench.path('searcher'));
  bench.write('searcher', 'plugin.ts', "export const request = () => 'swapped';\n");
  bench.write('searcher', 'word.ts', "export const word = 'swapped';\n");
  const call = (request: ReturnType<typeof runPlugin>): unknown => request(operationByName.get('search.query')!, {});
  assert.equal(call(runPlugin(judged)), 'judged');
  assert.equal(call(runPlugin(readPluginFolder(bench.path('searcher')))), 'swapped', 'and is not taken from a cache');
});

test('what it imports when it is called is what was judged, too; what was not there then is refused', async () => {
  using bench = new PluginBench(['searcher']);
  const late = (name: string): string => `import('./${name}').then(({ word }) => word, (error) => error.message)`;
  bench.write(
    'searcher',
    'plugin.ts',
    `export const request = () => [${['late.ts', 'gone.ts', 'new.ts'].map(late)}];\n`,
  );
  bench.write('searcher', 'late.ts', "export const word: string = 'judged';\n");
  bench.write('searcher', 'gone.ts', "export const word: string = 'judged too';\n");
  const request = runPlugin(readPluginFolder(bench.path('searcher')));
  bench.write('searcher', 'late.ts', "export const word = 'altered after it was judged';\n");
  bench.write('searcher', 'new.ts', "export const word = 'added after it was judged';\n");
  rmSync(bench.path('searcher', 'gone.ts'));
  const words = request(operationByName.get('search.query')!, {}) as unknown as Promise<string>[];
  assert.deepEqual(await Promise.all(words), [
    'judged',
    'judged too',
    './new.ts is no code that was judged with the plugin',
  ]);
});

test('code that does not run, or is no plugin’s, is a bad configuration', () => {
  using bench = new PluginBench(['searcher']);
  for (const [code, message] of [
    ['throw new Error("no");', /plugin searcher does not run: no/],
    ['export const other = 1;', /exports no function request/],
  ] as const) {
    bench.write('searcher', 'plugin.ts', code);
    bench.sign('searcher');
    const error = refusal(bench);
    assert.equal(error.code, 'CONFIG');
    assert.match(error.message, message);
  }
  rmSync(bench.path('searcher', 'plugin.ts'));
  bench.sign('searcher');
  assert.match(refusal(bench).message, /there is no plugin\.ts/);
});

test('a publisher’s line holds together, or is refused', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const line = publisherLine(testPublisher, privateKey);
  assert.equal(publisherLine(testPublisher, publicKey), line);
  assert.match(line, /^test-publisher\+[0-9a-f]{8}\+AQ?[A-Za-z0-9+/]{42,43}$/);
  const other = publisherLine(testPublisher, generateKeyPairSync('ed25519').privateKey);
  const [name, id] = line.split('+');
  const mixed = `${name}+${id}+${other.slice(`${name}+${id}+`.length)}`;
  for (const bad of ['', 'x', mixed, line.replace(testPublisher, 'other'), `${line}x`]) {
    assert.throws(() => parsePublishers([bad]), { code: 'CONFIG', where: 'plugins.trusted_publishers' });
  }
  for (const name of ['a b', 'a+b', '', 'a\ud800']) {
    assert.throws(() => publisherLine(name, privateKey), /no publisher’s name/);
  }
  assert.throws(() => publisherLine('a', generateKeyPairSync('x25519').privateKey), /this key is x25519/);
});

test('a folder that holds no plugins says so', () => {
  assert.throws(() => loadPlugins({ dir: '/nowhere' }), { code: 'CONFIG', message: /cannot be read: ENOENT/ });
  using bench = new PluginBench([]);
  bench.write('empty', 'x.txt', '');
  assert.match(refusal(bench).message, /plugin empty has no manifest/);
  writeFileSync(bench.path('empty', 'manifest.json'), '{');
  assert.match(refusal(bench).message, /bad plugin manifest/);
});
