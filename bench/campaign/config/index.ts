/** campaign.yaml, version 1: read, checked, normalised. Everything but `loadCampaign` is pure. */
import { readFile, stat } from 'node:fs/promises';
import { WeighbridgeError } from '#contract/errors.ts';
import { normalise } from './normalise.ts';
import { type Problem, problemsError } from './problems.ts';
import { checkShape, startsWith } from './shape.ts';
import { maxText_bytes, readSource } from './source.ts';
import type { CampaignConfig, Overrides } from './types.ts';

export { annotatedExample } from './example.ts';
export type { ArmSpec, AttachedGateway, CampaignConfig, ClaimSpec, Comparison, Condition, Overrides } from './types.ts';

/**
 * Reads the text of a campaign.yaml. Keys that are not there take the profile's defaults.
 * @param file its name, for messages
 * @throws WeighbridgeError CONFIG that lists every problem, each with its place, path, what was found and expected
 */
export function parseCampaign(text: string, file = 'campaign.yaml', overrides: Overrides = {}): CampaignConfig {
  const source = readSource(text);
  if (source.problems.length > 0) throw problemsError(file, source.problems);
  const shape = checkShape(source);
  const problems: Problem[] = [...shape.problems];
  let config: CampaignConfig | undefined;
  if (shape.data) {
    config = normalise(shape.data, overrides, ({ of = 'value', ...rest }) => {
      if (shape.problems.some((known) => startsWith(rest.path, known.path))) return;
      problems.push({ ...rest, at: of === 'argument' ? null : source.locate(rest.path, of) });
    });
  }
  if (!config || problems.length > 0) throw problemsError(file, problems);
  return config;
}

/** The campaign of an empty file. */
export const defaultCampaign = (overrides: Overrides = {}): CampaignConfig =>
  parseCampaign('', 'the command line', overrides);

/** Reads a campaign.yaml and returns its text too, which is kept beside the results. */
export async function loadCampaign(
  path: string,
  overrides: Overrides = {},
): Promise<{ config: CampaignConfig; text: string }> {
  const text = await readText(path);
  return { config: parseCampaign(text, path, overrides), text };
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maxText_bytes) {
      throw new WeighbridgeError('CONFIG', `the file has ${size} bytes; a campaign.yaml has at most ${maxText_bytes}`, {
        where: path,
      });
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    if (cause instanceof WeighbridgeError) throw cause;
    const isText = cause instanceof TypeError;
    throw new WeighbridgeError(
      'CONFIG',
      isText ? 'the file is not UTF-8 text' : `the file cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      {
        where: path,
        mend: isText ? 'save it as UTF-8' : 'check the path; `weighbridge init` writes a campaign.yaml to start from',
        cause,
      },
    );
  }
}
