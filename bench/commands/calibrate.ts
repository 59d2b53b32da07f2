/** `weighbridge calibrate`: a campaign of placebos, whose truth is known, through the machinery of any other. */
import { type Command, Option } from 'commander';
import type { Analysis } from '#contract/analysis.ts';
import { calibrationPhases, calibrationText } from '../campaign/config/calibration.ts';
import { type CampaignConfig, type Overrides, parseCampaign } from '../campaign/config/index.ts';
import { profileNames } from '../campaign/config/profiles.ts';

interface CalibrateFlags {
  profile?: string;
  seed?: string;
  out?: string;
  resume?: boolean;
  json?: boolean;
}

/** The campaign that it runs. */
export const calibration = {
  prefix: 'calibration-',
  campaign(overrides: Overrides): { config: CampaignConfig; text: string } {
    const text = calibrationText(profileNames.find((name) => name === overrides.profile) ?? 'quick');
    return { config: parseCampaign(text, 'the calibration', overrides), text };
  },
  json: (analysis: Analysis): unknown => analysis.calibration,
};

/** @param run runs the campaign: its phases are among the flags that it gets */
export function addCalibrate(
  program: Command,
  run: (flags: CalibrateFlags & { phases: string }) => Promise<void>,
): void {
  program
    .command('calibrate')
    .description('what this instrument reports where the truth is known, and the smallest difference it can resolve')
    .addOption(
      new Option('--profile <name>', 'how much data, as for `run`; quick where nothing is said').choices(profileNames),
    )
    .option('--seed <text>', 'seed of the plan: the same seed, the same calls in the same order')
    .option('--out <dir>', 'where the results go (default: results/<campaign id>)')
    .option('--resume', 'go on with the calibration in --out, after Ctrl-C, a crash or a reboot')
    .option('--json', 'print the calibration as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx weighbridge calibrate\n  $ npx weighbridge calibrate --profile standard --out results/calibration\n  $ npx weighbridge report results/ours --calibration results/calibration\n',
    )
    .action((flags: CalibrateFlags) => run({ ...flags, phases: calibrationPhases }));
}
