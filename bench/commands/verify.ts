/** `weighbridge verify`: is a results directory what was measured, and who says so? */
import type { Command } from 'commander';
import { WeighbridgeError } from '#contract/errors.ts';
import { readPublicKey } from '#contract/keyFiles.ts';
import { printable } from '#contract/printable.ts';
import { requireCampaign, shown } from '../directories.ts';
import { checkSignature, isSigned, verifyDirectory } from '../integrity/index.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Adds `verify`. */
export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('check the digests of every file of a campaign (they show accidents), and with --key who signed them')
    .argument('<dir>', 'a campaign’s directory')
    .option('--key <pem>', 'public key of whoever should have signed it; unsigned is then a failure')
    .option('--json', 'print the problems as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  $ npx weighbridge verify results/reference\n  $ npx weighbridge verify results/ours --key team.pub.pem\n`,
    )
    .action(verify);
}

type Signature = 'good' | 'bad' | 'absent' | 'not checked';

async function verify(dir: string, { key, json }: { key?: string; json?: boolean }): Promise<void> {
  requireCampaign(dir);
  const publicKey = key === undefined ? undefined : await readPublicKey(key);
  const { ok, problems } = await verifyDirectory(dir);
  const signature: Signature = publicKey
    ? await checkSignature(dir, publicKey)
    : (await isSigned(dir))
      ? 'not checked'
      : 'absent';
  if (json) say(JSON.stringify({ ok, problems, signature }, null, 2));
  else {
    say(
      ok ? `${shown(dir)}: every digest holds` : problems.map((p) => printable(`${p.problem}: ${p.path}`)).join('\n'),
    );
    if (signature === 'good') say('signature: of the owner of that key');
    if (signature === 'not checked') say('signature: there is one; --key PUBLIC.pem tells whose');
  }
  if (!ok) {
    throw new WeighbridgeError(
      'INTEGRITY',
      `${problems.length} file${problems.length === 1 ? '' : 's'} of ${shown(dir)} did not pass`,
      {
        mend: 'derived files can be rebuilt with `weighbridge report`; raw data that changed cannot be trusted any more',
      },
    );
  }
  if (publicKey && signature !== 'good') {
    const absent = signature === 'absent';
    throw new WeighbridgeError(
      'INTEGRITY',
      absent ? `${shown(dir)} is not signed` : 'that key did not sign these digests',
      {
        where: dir,
        mend: absent
          ? 'ask for it from its source; `weighbridge report DIR --sign KEY.pem` signs what is yours'
          : 'get the signer’s public key from a source that you trust; take the directory from its source again',
      },
    );
  }
}
