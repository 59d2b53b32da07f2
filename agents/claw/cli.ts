/** `claw`: the agent's own commands. */
import { Command, CommanderError } from 'commander';
import { exitCodeOf, WeighbridgeError } from '#contract/errors.ts';
import { type AuditOptions, audit } from './audit.ts';
import { describe, examine } from './doctor.ts';
import { type BaselineOptions, type DiffOptions, diff, writeBaseline } from './manifest.ts';
import { type InstallOptions, install, makeKey, signFolders, type VerifyOptions, verifyFolders } from './plugin.ts';

const exitCodes = `
Exit codes: 0 fit · 98 unfit · 99 drift, or a refresh with broadened scopes · 104 bad configuration or arguments ·
106 a signature does not hold · 1 a fault of ours
`;

const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  $ ${line}\n`).join('')}`;

/** Runs one command line (without `node` and the script's name); returns the exit code. */
export async function claw(args: readonly string[]): Promise<number> {
  let exitCode: number | Promise<number> = 0;
  const ends: Ends = (code) => {
    exitCode = code;
  };
  const program = new Command('claw')
    .description('The commands of the Weighbridge reference agent.')
    .addHelpText('after', examples('claw doctor --security', 'claw doctor --security --config ./config.yaml'))
    .addHelpText('after', exitCodes)
    .exitOverride();
  addDoctor(program, ends);
  addAudit(program, ends);
  addManifest(program, ends);
  addPlugin(program, ends);
  try {
    program.parse(args, { from: 'user' });
    return await exitCode;
  } catch (error) {
    return exitCodeFor(error);
  }
}

/** Takes a command's exit code. */
type Ends = (exitCode: number | Promise<number>) => void;

interface DoctorOptions {
  security?: true;
  config?: string;
  plugins?: string;
  state?: string;
  json?: true;
}

function addDoctor(program: Command, ends: Ends): void {
  program
    .command('doctor')
    .description('say whether this agent is fit to start')
    .option('--security', 'plugins are signed and declare their scopes, and no setting is downgraded')
    .option('--config <file>', 'config.yaml to examine (default: the agent’s own)')
    .option('--plugins <dir>', 'folder of plugins to examine (default: the agent’s own)')
    .option('--state <file>', 'an agent’s state file: was its authorization made with PKCE? (needs no key)')
    .option('--json', 'findings as JSON')
    .addHelpText(
      'after',
      examples(
        'claw doctor --security && weighbridge run',
        'claw doctor --security --config ./config.yaml',
        'claw doctor --security --json | jq .findings',
      ),
    )
    .action((options: DoctorOptions) => ends(doctor(options)));
}

function doctor({ security, config, plugins, state, json }: DoctorOptions): number {
  if (!security) {
    throw new WeighbridgeError('CONFIG', 'doctor wants to know what to examine', { mend: 'claw doctor --security' });
  }
  const report = examine({
    ...(plugins !== undefined && { dir: plugins }),
    ...(config !== undefined && { config }),
    ...(state !== undefined && { state }),
  });
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
  return report.fit ? 0 : exitCodeOf.UNFIT;
}

function addAudit(program: Command, ends: Ends): void {
  program
    .command('audit')
    .description('dump what the agent has noted of itself')
    .option('--token-refresh', 'who refreshed when, with which scope hash, and where scopes were broadened; no token')
    .option('--file <file...>', 'the agent’s audit_file', ['audit-agent.jsonl'])
    .option('--plugins <dir>', 'folder of plugins whose manifests count (default: the agent’s own)')
    .option('--json', 'records as JSON')
    .addHelpText(
      'after',
      examples(
        'claw audit --token-refresh --file audit-agent.jsonl',
        "claw audit --token-refresh --file *.jsonl --json | jq '.refreshes[] | select(.flags != [])'",
      ),
    )
    .action((options: AuditOptions) => ends(audit(options)));
}

function addManifest(program: Command, ends: Ends): void {
  const manifest = program
    .command('manifest')
    .description('what the plugins may do: scopes, hosts, operations, limits, files')
    .addHelpText(
      'after',
      examples('claw manifest baseline --out claw-baseline.json', 'claw manifest diff --baseline claw-baseline.json'),
    );
  manifest
    .command('baseline')
    .description('write what the plugins may do now, to be approved and committed')
    .requiredOption('--out <file>', 'file to write')
    .option('--plugins <dir>', 'folder of plugins (default: the agent’s own)')
    .option('--json', 'say as JSON what was written')
    .addHelpText('after', examples('claw manifest baseline --out claw-baseline.json'))
    .action((options: BaselineOptions) => ends(writeBaseline(options)));
  manifest
    .command('diff')
    .description('compare what the plugins may do with a baseline; 99 where it differs')
    .requiredOption('--baseline <file>', 'written by `claw manifest baseline`')
    .option('--plugins <dir>', 'folder of plugins (default: the agent’s own)')
    .option('--json', 'differences as JSON')
    .addHelpText(
      'after',
      examples(
        'claw manifest diff --baseline claw-baseline.json',
        'claw manifest diff --baseline claw-baseline.json --json | jq .drift',
      ),
    )
    .action((options: DiffOptions) => ends(diff(options)));
}

function addPlugin(program: Command, ends: Ends): void {
  const plugin = program
    .command('plugin')
    .description('signatures of plugins')
    .addHelpText('after', examples('claw plugin verify', 'claw plugin install ./weather'));
  plugin
    .command('key')
    .description('make a publisher’s key; prints the line for plugins.trusted_publishers')
    .requiredOption('--name <publisher>', 'name of the publisher')
    .requiredOption('--out <file>', 'file for the private key (PEM), which must not be there yet')
    .addHelpText('after', examples('claw plugin key --name acme --out ~/acme.pem'))
    .action((options: { name: string; out: string }) => ends(makeKey(options)));
  plugin
    .command('sign')
    .description('sign plugins: writes signature.json into each folder')
    .argument('<folder...>')
    .requiredOption('--key <file>', 'private key, PEM')
    .requiredOption('--publisher <name>', 'name of the publisher')
    .addHelpText('after', examples('claw plugin sign --key ~/acme.pem --publisher acme ./weather'))
    .action((folders: string[], options: { key: string; publisher: string }) => ends(signFolders(folders, options)));
  plugin
    .command('verify')
    .description('check signatures; 106 where one does not hold')
    .argument('[folder...]', 'default: the agent’s own')
    .option('--config <file>', 'config.yaml that names the trusted publishers (default: the agent’s own)')
    .option('--json', 'states as JSON')
    .addHelpText('after', examples('claw plugin verify', 'claw plugin verify ./weather --config ./config.yaml --json'))
    .action((folders: string[], options: VerifyOptions) => ends(verifyFolders(folders, options)));
  plugin
    .command('install')
    .description('copy a plugin to the agent’s, its signature checked')
    .argument('<folder>')
    .option('--config <file>', 'config.yaml that names the trusted publishers (default: the agent’s own)')
    .option('--plugins <dir>', 'folder of plugins to install into (default: the agent’s own)')
    .option('--replace', 'take the place of a plugin of that name')
    .option('--json', 'what was installed as JSON')
    .addHelpText('after', examples('claw plugin install ./weather', 'claw plugin install --replace ./weather'))
    .action((folder: string, options: InstallOptions) => ends(install(folder, options)));
}

function exitCodeFor(error: unknown): number {
  if (error instanceof WeighbridgeError) {
    process.stderr.write(`${error.explain()}\n`);
    return error.exitCode;
  }
  // Commander has said what was wrong; help that was asked for is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodeOf.CONFIG;
  throw error;
}
