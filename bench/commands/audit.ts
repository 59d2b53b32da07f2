/** `weighbridge audit query|verify|pack|export`: what can be done with a gateway's audit log, far from the gateway. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { WeighbridgeError } from '#contract/errors.ts';
import { readPublicKey } from '#contract/keyFiles.ts';
import {
  type AuditQuery,
  cefOf,
  describeRecord,
  ocsfCheck,
  ocsfOf,
  otlpOf,
  packLog,
  queryLog,
  readCheckpoints,
  type Verification,
  verifyLog,
} from '../../gateway/audit/index.ts';
import { version } from '../campaign/environment.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((l) => `  $ npx weighbridge ${l}`).join('\n')}\n`;

/** Log records in one OTLP request: collectors take some megabytes. */
const otlpBatch = 500;

/** Adds `audit` and its subcommands. */
export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('read, check, pack and export a gateway’s audit log');
  addQuery(audit);
  addVerify(audit);
  addPack(audit);
  addExport(audit);
}

const withFilters = (command: Command): Command =>
  command
    .option('--agent <id>', 'of this agent')
    .option('--operation <name>', 'of this operation, for example payments.create_payment')
    .addOption(new Option('--decision <what>', 'that were allowed, or denied').choices(['allow', 'deny']))
    .option('--trace <trace_id>', 'of this trace')
    .option('--since <time>', 'of this time (ISO 8601) and later')
    .option('--until <time>', 'before this time (ISO 8601)');

function addQuery(audit: Command): void {
  withFilters(audit.command('query').description('print records; what is printed is not checked: see verify'))
    .argument('<file>', 'the log')
    .option('--json', 'print the records as they stand in the log, a line each')
    .addHelpText(
      'after',
      examples(
        'audit query audit.jsonl --decision deny --since 2026-01-31T10:00:00Z',
        'audit query audit.jsonl --trace 4bf92f3577b34da6a3ce929d0e0e4736 --json',
      ),
    )
    .action(async (file: string, flags: AuditQuery & { json?: boolean }) => {
      await print(linesOf(file, flags));
    });
}

async function* linesOf(file: string, flags: AuditQuery & { json?: boolean }): AsyncGenerator<string> {
  for await (const read of queryLog(file, flags)) yield flags.json ? read.line : describeRecord(read.record);
}

interface KeyFlags {
  checkpoints?: string;
  key?: string;
  origin?: string;
}

function addVerify(audit: Command): void {
  audit
    .command('verify')
    .description(
      'check a log’s chain, and the log against its signed checkpoints; exit code 106 where it does not hold',
    )
    .argument('<file>', 'the log')
    .option('--checkpoints <dir>', 'where the gateway, or a keeper of copies, keeps the checkpoints')
    .option('--key <file>', 'public key (PEM) of the gateway’s signing key')
    .option('--origin <name>', 'what the checkpoints must name as their log')
    .option('--json', 'print what was found as JSON')
    .addHelpText(
      'after',
      `\nWithout checkpoints only the chain is checked: whoever owns the file can have recomputed it.\n${examples(
        'audit verify audit.jsonl --checkpoints /mnt/elsewhere/checkpoints --key audit.pub',
        'audit verify audit.jsonl --checkpoints copies --key audit.pub --origin example.com/gateway-1 --json',
      )}`,
    )
    .action(verify);
}

async function verify(file: string, flags: KeyFlags & { json?: boolean }): Promise<void> {
  if ((flags.checkpoints === undefined) !== (flags.key === undefined)) {
    throw new WeighbridgeError('CONFIG', '--checkpoints and --key go together', {
      mend: 'name the directory and the public key, or neither',
    });
  }
  const options = flags.key === undefined ? undefined : await signedBy({ ...flags, key: flags.key });
  const found = await verifyLog(file, options);
  say(flags.json ? JSON.stringify(found, null, 2) : described(found));
  if (found.ok) return;
  throw new WeighbridgeError('INTEGRITY', `the audit log does not hold: ${found.problems[0]!.what}`, {
    where: `${file}, ${found.problems[0]!.where}`,
    mend: 'keep log and checkpoints as evidence; a copy of the log from before tells what was changed',
  });
}

async function signedBy({ checkpoints, key, origin }: KeyFlags & { key: string }) {
  const stored = await readCheckpoints(checkpoints!);
  if (stored.length === 0) {
    throw new WeighbridgeError('INTEGRITY', 'there is no checkpoint in the directory', {
      where: checkpoints!,
      mend: 'name the directory that controls.audit.checkpoints.dir names; an empty one proves nothing',
    });
  }
  return { checkpoints: stored, publicKey: await readPublicKey(key), origin };
}

function described({ ok, problems, records, checkpoints, covered, torn_bytes }: Verification): string {
  const lines = problems.map(({ kind, where, what }) => `${kind}  ${where}: ${what}`);
  if (ok) {
    lines.push(`${records} records, each follows from the one before`);
    if (covered === null) lines.push('not compared with checkpoints: a rewritten log would pass');
    else lines.push(`${checkpoints} checkpoints hold; the latest covers ${covered} records`);
  }
  if (covered !== null && covered < records)
    lines.push(`${records - covered} records came later: cutting or rewriting those would not show`);
  if (torn_bytes > 0) lines.push(`${torn_bytes} bytes of an unfinished record stand at the end`);
  return lines.join('\n');
}

const wholeNumbers = (text: string): number[] => {
  const list = text.split(',').map((part) => part.trim());
  if (!list.every((part) => /^\d{1,15}$/.test(part))) throw new InvalidArgumentError('whole numbers are wanted: 3,17');
  return list.map(Number);
};

function addPack(audit: Command): void {
  audit
    .command('pack')
    .description('write what an auditor gets: records, checkpoints, proofs, and how to check them with openssl')
    .argument('<file>', 'the log')
    .requiredOption('--out <dir>', 'a new directory')
    .requiredOption('--checkpoints <dir>', 'where the checkpoints are kept')
    .requiredOption('--key <file>', 'public key (PEM) of the gateway’s signing key')
    .option(
      '--prove <seq,…>',
      'records to add a proof of inclusion for (default: the last that is signed)',
      wholeNumbers,
    )
    .addHelpText(
      'after',
      examples(
        'audit pack audit.jsonl --checkpoints /mnt/elsewhere/checkpoints --key audit.pub --out for-the-auditor',
        'audit pack audit.jsonl --checkpoints copies --key audit.pub --prove 3,17 --out case-4711',
      ),
    )
    .action(async (file: string, flags: Required<KeyFlags> & { out: string; prove?: number[] }) => {
      const { checkpoints, publicKey } = await signedBy(flags);
      const packed = await packLog({ file, out: flags.out, checkpoints, publicKey, prove: flags.prove });
      say(
        `${flags.out}: ${packed.records} records, ${packed.checkpoints} checkpoints; its README.md says how to check`,
      );
    });
}

function addExport(audit: Command): void {
  withFilters(audit.command('export').description('print records in a form that others read, one event per line'))
    .argument('<file>', 'the log')
    .addOption(
      new Option(
        '--format <name>',
        `ocsf (OCSF 1.3.0 API Activity), otlp (OTLP logs as JSON, ${otlpBatch} records a line), or cef`,
      )
        .choices(['ocsf', 'otlp', 'cef'])
        .makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      examples(
        'audit export audit.jsonl --format ocsf --decision deny',
        'audit export audit.jsonl --format cef | logger --tag weighbridge --udp --server siem.example.com',
        'audit export audit.jsonl --format otlp > audit.otlp.jsonl',
      ),
    )
    .action(async (file: string, flags: AuditQuery & { format: 'ocsf' | 'otlp' | 'cef' }) => {
      await print(exported(file, flags));
    });
}

async function* exported(
  file: string,
  flags: AuditQuery & { format: 'ocsf' | 'otlp' | 'cef' },
): AsyncGenerator<string> {
  if (flags.format === 'otlp') {
    let batch = [];
    for await (const { record } of queryLog(file, flags)) {
      if (batch.push(record) < otlpBatch) continue;
      yield otlpOf(batch, version);
      batch = [];
    }
    if (batch.length > 0) yield otlpOf(batch, version);
    return;
  }
  const check = flags.format === 'ocsf' ? ocsfCheck() : undefined;
  for await (const { record } of queryLog(file, flags)) {
    if (!check) yield cefOf(record, version);
    else {
      const event = ocsfOf(record, version);
      check(event);
      yield JSON.stringify(event);
    }
  }
}

/** At the reader's pace; a reader that has seen enough (`| head`) is no error. */
async function print(lines: AsyncIterable<string>): Promise<void> {
  const terminated = async function* (): AsyncGenerator<string> {
    for await (const line of lines) yield `${line}\n`;
  };
  try {
    await pipeline(Readable.from(terminated()), process.stdout, { end: false });
  } catch (error) {
    if ((error as { code?: string }).code !== 'EPIPE') throw error;
  }
}
