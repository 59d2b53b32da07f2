/** `weighbridge policy compile|diff`: the plugins' manifests as the one policy definition of both sides. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { WeighbridgeError } from '#contract/errors.ts';
import { seededRandom } from '#contract/random.ts';
import { maxPayment_cents, toolsHost } from '../campaign/fleet.ts';
import {
  compilePolicy,
  differs,
  diffPolicies,
  nativeText,
  type PolicyDiff,
  renderDiff,
  withApprovals,
} from '../policy/index.ts';
import { manifestsIn, shippedPlugins, textOf } from '../security/manifests.ts';
import { workloads } from '../workloads/index.ts';

/** Cedar takes 60 ms to load: the other commands do not wait for it. */
const gateway = () => import('./policyGateway.ts');

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((l) => `  $ npx weighbridge ${l}`).join('\n')}\n`;

const wholeNumber = (text: string): number => {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError('a whole number is wanted.');
  return Number(text);
};

const moment = (text: string): number => {
  const at_ms = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\dT.*Z$/.test(text) || Number.isNaN(at_ms)) {
    throw new InvalidArgumentError('a moment in UTC is wanted, for example 2026-01-14T12:00:00Z.');
  }
  return at_ms;
};

const appended = (file: string, files: string[]): string[] => [...files, file];

/** Adds `policy` and its subcommands. */
export function addPolicyCommands(program: Command): void {
  const policy = program
    .command('policy')
    .description('one policy definition for both sides: the plugins’ manifests, compiled and compared');
  const plugins = (): Option =>
    new Option(
      '--plugins <dir>',
      'a folder with one folder per plugin, each with a manifest.json (default: the agent’s own)',
    );
  policy
    .command('compile')
    .description('compile the manifests to the native table and to Cedar permits for the gateway')
    .addOption(plugins())
    .option(
      '--out <dir>',
      'write policy.cedar, policy.cedarschema and native.json there (default: Cedar to the terminal)',
    )
    .option('--json', 'print both forms as JSON')
    .addHelpText('after', examples('policy compile', 'policy compile --out policy', 'policy compile --json'))
    .action(compile);
  policy
    .command('diff')
    .description('decide every call of a workload on both sides, and show where they differ')
    .addOption(
      new Option('--workload <name>', 'one of the built-in workloads')
        .choices([...workloads.keys()])
        .default('assistant-day'),
    )
    .addOption(new Option('--calls <n>', 'calls to draw').argParser(wholeNumber).default(250))
    .addOption(new Option('--seed <text>', 'the same seed, the same calls').default('weighbridge'))
    .addOption(plugins())
    .addOption(
      new Option('--overlay <file>', 'further Cedar rules of the gateway; may be repeated')
        .argParser(appended)
        .default([], 'none'),
    )
    .addOption(
      new Option('--max-payment <cents>', 'the gateway’s payment limit')
        .argParser(wholeNumber)
        .default(maxPayment_cents),
    )
    .addOption(
      new Option('--approve-payments-above <cents>', 'the gateway asks a human above this').argParser(wholeNumber),
    )
    .option('--approve-deletions', 'the gateway asks a human before deletions')
    .option(
      '--every-plugin',
      'ask for each call what every plugin would get for the same request, since the gateway sees no plugin',
    )
    .addOption(new Option('--agent <id>', 'the agent that makes the calls').default('agent'))
    .addOption(
      new Option('--at <moment>', 'when the calls are made, in UTC')
        .argParser(moment)
        .default(moment('2026-01-14T12:00:00Z'), '2026-01-14T12:00:00Z'),
    )
    .option('--fail-on-diff', 'exit code 99 where a call is decided differently')
    .option('--json', 'print everything as JSON, each differing call by name')
    .addHelpText(
      'after',
      examples(
        'policy diff',
        'policy diff --workload fan-out --every-plugin',
        'policy diff --overlay gateway/controls/overlays/office-hours.cedar --at 2026-01-17T03:00:00Z',
        'policy diff --overlay gateway/controls/overlays/approved-payments.cedar --approve-payments-above 40000',
        'policy diff --approve-deletions --fail-on-diff --json',
      ),
    )
    .action(diff);
}

interface CompileFlags {
  plugins?: string;
  out?: string;
  json?: boolean;
}

async function compile(flags: CompileFlags): Promise<void> {
  const { gatewaySide, policySchema } = await gateway();
  const manifests = manifestsIn(flags.plugins ?? shippedPlugins);
  const { cedar, native } = compilePolicy(manifests);
  // What a gateway would refuse to start with must not be written.
  gatewaySide({ permits: cedar, manifests, agent: 'agent', overlays: [], max_payment_cents: maxPayment_cents });
  if (flags.out !== undefined) {
    const dir = resolve(flags.out);
    const files = { 'policy.cedar': cedar, 'policy.cedarschema': policySchema(), 'native.json': nativeText(native) };
    try {
      mkdirSync(dir, { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    } catch (cause) {
      throw new WeighbridgeError('CONFIG', `the policy cannot be written: ${(cause as Error).message}`, {
        where: dir,
        mend: 'name a directory that can be written with --out',
        cause,
      });
    }
  }
  if (flags.json) say(JSON.stringify({ cedar, native }, null, 2));
  else if (flags.out === undefined) process.stdout.write(cedar);
  else say(`${manifests.length} manifests compiled: policy.cedar, policy.cedarschema, native.json are in ${flags.out}`);
}

interface DiffFlags {
  workload: string;
  calls: number;
  seed: string;
  plugins?: string;
  overlay: string[];
  maxPayment: number;
  approvePaymentsAbove?: number;
  approveDeletions?: boolean;
  everyPlugin?: boolean;
  agent: string;
  at: number;
  failOnDiff?: boolean;
  json?: boolean;
}

async function diff(flags: DiffFlags): Promise<void> {
  const found = await diffOf(flags);
  say(
    flags.json
      ? JSON.stringify({ seed: flags.seed, at: new Date(flags.at).toISOString(), ...found }, null, 2)
      : renderDiff(found),
  );
  if (!flags.failOnDiff || !differs(found)) return;
  const count = found.denied_at_gateway_only.length + found.denied_natively_only.length;
  throw new WeighbridgeError('THRESHOLD', `${count} decisions differ between the two sides`, {
    where: `workload ${flags.workload}, seed ${flags.seed}`,
    mend: 'declare in the manifests what the gateway forbids, or take the rule out of its overlay',
  });
}

async function diffOf(flags: DiffFlags): Promise<PolicyDiff> {
  const { gatewaySide } = await gateway();
  const manifests = manifestsIn(flags.plugins ?? shippedPlugins);
  const { cedar, native } = compilePolicy(manifests);
  const overlays = flags.overlay.map((file) => textOf(file, 'an overlay'));
  const policy = gatewaySide({
    permits: cedar,
    manifests,
    agent: flags.agent,
    overlays,
    max_payment_cents: flags.maxPayment,
  });
  const side = withApprovals(policy, {
    ...(flags.approvePaymentsAbove === undefined ? {} : { pay_above_cents: flags.approvePaymentsAbove }),
    ...(flags.approveDeletions ? { deletions: true } : {}),
  });
  const source = workloads.get(flags.workload)!;
  const tasks = source.slice(seededRandom(`${flags.seed}/policy/${flags.workload}`), flags.calls, flags.workload);
  return diffPolicies({
    workload: flags.workload,
    calls: tasks.flatMap((task) => task.stages.flat()),
    every_plugin: flags.everyPlugin === true,
    native,
    gateway: side,
    agent: flags.agent,
    host: toolsHost,
    at_ms: flags.at,
  });
}
