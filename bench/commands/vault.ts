/** `weighbridge vault init|put|list|forget-previous|rotate-key`: a gateway's upstream credentials, encrypted at rest. */
import { readFileSync, rmSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { WeighbridgeError } from '#contract/errors.ts';
import { FileKeyStore, Vault } from '../../gateway/vault/index.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((l) => `  $ npx weighbridge ${l}`).join('\n')}\n`;

interface Files {
  vault: string;
  keys: string;
}

const withFiles = (command: Command): Command =>
  command
    .addOption(new Option('--vault <file>', 'the vault').default('vault.json'))
    .addOption(new Option('--keys <file>', 'the key store; best on another volume').default('vault-keys.json'));

/** Adds `vault` and its subcommands. A secret is never an argument: those stand in every process list. */
export function addVaultCommands(program: Command): void {
  const vault = program.command('vault').description('a gateway’s upstream credentials, encrypted at rest');
  withFiles(vault.command('init').description('make an empty vault and a key store with one master key'))
    .addHelpText('after', examples('vault init', 'vault init --vault vault.json --keys /run/keys/vault.json'))
    .action(init);
  withFiles(
    vault.command('put').description('put a secret as the newest of its name; the one before is kept beside it'),
  )
    .argument('<name>', 'the entry, for example tools-client')
    .option('--from <file>', 'a file that holds the secret and nothing else (default: standard input)')
    .addHelpText('after', examples('vault put tools-client < secret.txt', 'vault put tools-client --from secret.txt'))
    .action(put);
  withFiles(vault.command('list').description('entries, revisions and master keys; no secret is opened'))
    .option('--json', 'print them as JSON')
    .addHelpText('after', examples('vault list', 'vault list --json'))
    .action(list);
  withFiles(vault.command('forget-previous').description('drop the secret before the newest one'))
    .argument('<name>', 'the entry')
    .addHelpText('after', examples('vault forget-previous tools-client'))
    .action(forgetPrevious);
  withFiles(vault.command('rotate-key').description('wrap all data keys by a new master key, and retire the old ones'))
    .addHelpText('after', examples('vault rotate-key'))
    .action(rotateKey);
}

const opened = async ({ vault, keys }: Files): Promise<Vault> => Vault.open(vault, await FileKeyStore.open(keys));

async function init({ vault, keys }: Files): Promise<void> {
  const store = await FileKeyStore.create(keys);
  try {
    await Vault.create(vault, store);
  } catch (error) {
    // This very call made the key store, and nothing was wrapped by it yet.
    rmSync(keys, { force: true });
    throw error;
  }
  say(
    `${vault} and ${keys} are made. Keep the keys apart from the vault, and a copy of them: without, it cannot be opened.`,
  );
}

async function put(name: string, flags: Files & { from?: string }): Promise<void> {
  const vault = await opened(flags);
  const secret = (flags.from === undefined ? await fromInput() : fromFile(flags.from)).replace(/\r?\n$/, '');
  say(`${name}: revision ${await vault.put(name, secret)}`);
}

function fromInput(): Promise<string> {
  if (!process.stdin.isTTY) return text(process.stdin);
  throw new WeighbridgeError('CONFIG', 'a secret is not typed at a terminal, where it would be shown', {
    where: 'standard input',
    mend: 'weighbridge vault put NAME < file, or --from file',
  });
}

function fromFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new WeighbridgeError('CONFIG', `the secret cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      where: file,
      mend: 'name a file that is there',
    });
  }
}

async function list(flags: Files & { json?: boolean }): Promise<void> {
  const entries = await (await opened(flags)).list();
  if (flags.json) say(JSON.stringify(entries, null, 2));
  else if (entries.length === 0) say('the vault is empty');
  else {
    for (const { name, revision, key_id, previous } of entries) {
      say(`${name}  revision ${revision}  master key ${key_id}${previous ? '  previous secret kept' : ''}`);
    }
  }
}

async function forgetPrevious(name: string, flags: Files): Promise<void> {
  await (await opened(flags)).forgetPrevious(name);
  say(`${name}: only the newest secret is left`);
}

async function rotateKey(flags: Files): Promise<void> {
  say(`all data keys are wrapped by master key ${await (await opened(flags)).rotateKey()}; the old ones are retired`);
}
