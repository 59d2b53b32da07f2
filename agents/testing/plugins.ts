/** For tests: plugins in a folder of their own, signed by a publisher of their own. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hardened, type Settings } from '../config/settings.ts';
import { builtinPlugins, readPluginFolder, signatureFile } from '../plugins/folder.ts';
import { publisherLine, signPlugin } from '../security/plugin-signature.ts';

export const testPublisher = 'test-publisher';

export class PluginBench implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'plugins '));
  /** Holds a folder for each plugin. */
  readonly dir = join(this.root, 'plugins');
  readonly key: KeyObject = generateKeyPairSync('ed25519').privateKey;
  /** For `plugins.trusted_publishers`. */
  readonly publisher = publisherLine(testPublisher, this.key);
  readonly settings: Settings = { ...hardened, 'plugins.trusted_publishers': [this.publisher] };

  /** @param names of the agent's own plugins, which are copied and signed */
  constructor(names: readonly string[]) {
    mkdirSync(this.dir);
    // What the plugins import of the runtime.
    cpSync(join(builtinPlugins, 'catalogue.ts'), join(this.dir, 'catalogue.ts'));
    for (const name of names) {
      cpSync(join(builtinPlugins, name), this.path(name), { recursive: true });
      this.sign(name);
    }
  }

  path(...parts: string[]): string {
    return join(this.dir, ...parts);
  }

  write(name: string, file: string, text: string): void {
    mkdirSync(this.path(name), { recursive: true });
    writeFileSync(this.path(name, file), text);
  }

  sign(name: string, { key = this.key, publisher = testPublisher } = {}): void {
    const signature = signPlugin(readPluginFolder(this.path(name)), publisher, key);
    this.write(name, signatureFile, JSON.stringify(signature));
  }

  /** A `config.yaml` that trusts this publisher alone; further lines stand under `plugins`. */
  config(...lines: string[]): string {
    const file = join(this.root, 'config.yaml');
    const text = ['plugins:', `  trusted_publishers: ["${this.publisher}"]`, ...lines.map((line) => `  ${line}`)];
    writeFileSync(file, `${text.join('\n')}\n`);
    return file;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}
