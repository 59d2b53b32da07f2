/** `claw`: the agent's own commands. */
import { Command, CommanderError } from 'commander';
import { exitCodeOf, WeighbridgeError } from '#contract/errors.ts';
import { loadPlugins } from '../plugins/registry.ts';
import { describe, examine } from './doctor.ts';

const examples = `
Examples:
  $ claw doctor --security
  $ claw doctor --security --config ./config.yaml
  $ claw doctor --security --json | jq .findings

Exit codes: 0 fit · 98 unfit · 104 bad configuration or arguments · 1 a fault of ours
`;

/** Runs one command line (without `node` and the script's name); returns the exit code. */
export function claw(args: readonly string[]): number {
  let exitCode = 0;
  const program = new Command('claw')
    .description('The commands of the Weighbridge reference agent.')
    .addHelpText('after', examples)
    .exitOverride();
  program
    .command('doctor')
    .description('say whether this agent is fit to start')
    .option('--security', 'plugins declare their scopes, and no setting is downgraded')
    .option('--config <file>', 'config.yaml to examine (default: the agent’s own)')
    .option('--json', 'findings as JSON')
    .action((options: DoctorOptions) => {
      exitCode = doctor(options);
    });
  later(program, 'audit', 'dump the scope hashes of refreshes (--token-refresh)');
  later(program, 'manifest', 'compare declared scopes with a baseline (diff --baseline <file>)');
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    return exitCodeFor(error);
  }
  return exitCode;
}

interface DoctorOptions {
  security?: true;
  config?: string;
  json?: true;
}

function doctor({ security, config, json }: DoctorOptions): number {
  if (!security) {
    throw new WeighbridgeError('CONFIG', 'doctor wants to know what to examine', { mend: 'claw doctor --security' });
  }
  const findings = examine(loadPlugins(), config);
  const fit = findings.length === 0;
  process.stdout.write(json ? `${JSON.stringify({ fit, findings }, null, 2)}\n` : describe(findings));
  return fit ? 0 : exitCodeOf.UNFIT;
}

/** A command that is known and not there yet says so, whatever its arguments. */
function later(program: Command, name: string, description: string): void {
  program
    .command(name)
    .description(`${description}; comes with release 0.2.0`)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new WeighbridgeError('CONFIG', `claw ${name} is not there yet`, { mend: 'it comes with release 0.2.0' });
    });
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
