/**
 * Records blocks until enough are kept: one short campaign after the other, each with its own gates, checkpoint and
 * merged rows. What a stop or a crash cuts is taken up again by the campaign's own means.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import { formatJson } from '#contract/json.ts';
import { type Manifest, manifestSchema } from '#contract/manifest.ts';
import { checkpointFile, type Identity, readCheckpoint, writeWhole } from '../campaign/checkpoint.ts';
import { environment } from '../campaign/environment.ts';
import { differences, identityOf } from '../campaign/identity.ts';
import { planDigest } from '../campaign/plan.ts';
import { tidy } from '../campaign/resume.ts';
import { type CampaignOptions, type CampaignResult, runCampaign } from '../campaign/run.ts';
import { stopIfAsked } from '../campaign/stop.ts';
import type { Supervisor } from '../campaign/supervise.ts';
import { partOf, recordedYaml } from './config.ts';
import type { Tally, TallyCounts } from './tally.ts';

const stateFile = 'recording-state.json';
const partsFolder = 'parts';

/** The seed of a recording whose user names none. */
const defaultSeed = 'coverage';

/** Of the blocks of a part that was just recorded, or of short ones that come to `fewestJudged`, this share must be kept. */
const fewestKept = 1 / 3;
const fewestJudged = 10;

/** Blocks that are merged together: what resuming has to digest again, and of which a tenth may be replaced. */
export const partBlocks = 55;

/** What a recording is, and which parts it has begun; written whole before each of them. */
const stateSchema = z.object({
  version: z.literal(1),
  seed: z.string(),
  rounds: z.number().int().nullable(),
  code: z.record(z.string(), z.string()),
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Blocks planned for each part. */
  parts: z.array(z.number().int()),
});
type State = z.infer<typeof stateSchema>;

export interface RecordOptions {
  dir: string;
  /** Kept ones that there are to be, in all. */
  blocks: number;
  /** Absent: `coverage`; where it is resumed, the one that it has. */
  seed?: string;
  resume: boolean;
  /** Blocks a part; absent: `partBlocks`. */
  part_blocks?: number;
  /** Rounds a block; absent: those of the profile; where it is resumed, those that it has. */
  rounds?: number;
  supervisor: Supervisor;
  signal: AbortSignal;
  tally: Tally;
  /** Runs a part; absent: as every campaign is run. */
  run?: (part: CampaignOptions) => Promise<Pick<CampaignResult, 'error'>>;
}

/**
 * The parts of a recording whose rows are merged, in order: those that are complete, and the one that was stopped by
 * Ctrl-C, with the blocks that were whole by then.
 */
export async function mergedParts(dir: string): Promise<{ dir: string; manifest: Manifest }[]> {
  const { parts } = await readState(dir);
  const found: { dir: string; manifest: Manifest }[] = [];
  for (const i of parts.keys()) {
    const part = partDirectory(dir, i);
    const manifest = await manifestOf(part);
    if (manifest) found.push({ dir: part, manifest });
  }
  return found;
}

async function completeParts(dir: string): Promise<Manifest[]> {
  const complete = (await mergedParts(dir)).filter(({ manifest }) => manifest.status === 'complete');
  for (const part of complete) {
    // Killed after its rows were merged: what is left is to clear up.
    if (existsSync(join(part.dir, checkpointFile))) await tidy(part.dir);
  }
  return complete.map(({ manifest }) => manifest);
}

/**
 * Goes on until `blocks` are kept. Each part that is complete stays as it is.
 * @throws WeighbridgeError CONFIG where the directory cannot be taken up; STOPPED by the user; UNFIT where most of what is
 *   recorded is void: on such a machine it might never end; what ended a part
 */
export async function record(options: RecordOptions): Promise<void> {
  const { dir, blocks, tally, signal } = options;
  let state = options.resume ? await takeUp(options) : await begin(options);
  let unjudged: TallyCounts = { kept: 0, voided: 0 };
  for (;;) {
    const done = await completeParts(dir);
    const counts = countsOf(done.flatMap(({ blocks: of }) => of));
    tally.take(counts);
    if (counts.kept >= blocks) return;
    unjudged = judged(unjudged);
    stopIfAsked(signal);
    if (state.parts.length === done.length) {
      const planned = Math.min(options.part_blocks ?? partBlocks, blocks - counts.kept);
      state = await saveState(dir, { ...state, parts: [...state.parts, planned] });
    }
    const part = state.parts.length - 1;
    await runPart(options, state, part);
    const recorded = countsOf((await manifestOf(partDirectory(dir, part)))!.blocks);
    unjudged = { kept: unjudged.kept + recorded.kept, voided: unjudged.voided + recorded.voided };
  }
}

/**
 * Is this machine quiet enough to go on? What was recorded in sittings before is not asked: who resumes has waited.
 * @returns what is still too little to say
 * @throws WeighbridgeError UNFIT
 */
export function judged(counts: TallyCounts): TallyCounts {
  const { kept, voided } = counts;
  const recorded = kept + voided;
  if (recorded < fewestJudged) return counts;
  if (kept >= fewestKept * recorded) return { kept: 0, voided: 0 };
  throw new WeighbridgeError(
    'UNFIT',
    `this machine is too noisy now: ${kept} of the last ${recorded} blocks were kept`,
    {
      where: 'CPU steal and foreign load, by the gates of each block',
      mend: 'see `weighbridge doctor`, end what else runs here, or wait for a quieter hour',
    },
  );
}

function countsOf(blocks: readonly { voided: string | null }[]): TallyCounts {
  const kept = blocks.filter((b) => b.voided === null).length;
  return { kept, voided: blocks.length - kept };
}

const partDirectory = (dir: string, part: number): string => join(dir, partsFolder, String(part).padStart(3, '0'));

async function runPart(options: RecordOptions, state: State, part: number): Promise<void> {
  const { dir, supervisor, signal, tally, run = runCampaign } = options;
  const place = partDirectory(dir, part);
  const { config, plan } = partOf({
    seed: `${state.seed}/part/${part}`,
    blocks: state.parts[part]!,
    ...(state.rounds === null ? {} : { rounds: state.rounds }),
  });
  // A part that was killed in its first moment has no checkpoint, and nothing that was measured.
  if (!existsSync(join(place, checkpointFile))) await rm(place, { recursive: true, force: true });
  const prior = await readCheckpoint(place);
  if (prior) tally.add(countsOf(prior.blocks.map((b) => b.record)));
  await mkdir(place, { recursive: true });
  const { error } = await run({
    id: `coverage-${part}`,
    config,
    plan,
    dir: place,
    yaml: recordedYaml,
    progress: tally,
    supervisor,
    signal,
    stored: (block) => tally.stored(block.voided),
    ...(prior ? { resume: prior } : {}),
  });
  if (error) throw error;
}

async function begin({ dir, seed = defaultSeed, rounds }: RecordOptions): Promise<State> {
  if (existsSync(join(dir, stateFile))) {
    throw new WeighbridgeError('CONFIG', 'there is a recording in that directory already', {
      where: dir,
      mend: 'go on with it by --resume, or name another directory',
    });
  }
  await mkdir(dir, { recursive: true });
  return saveState(dir, { version: 1, seed, rounds: rounds ?? null, ...(await surroundings(seed)), parts: [] });
}

/** One recording is of one machine and one code, as one campaign is. */
async function takeUp({ dir, ...asked }: RecordOptions): Promise<State> {
  const state = await readState(dir);
  const lines = [
    ...otherwiseAsked(state, asked),
    ...differences(comparable(state), comparable(await surroundings(state.seed))),
  ];
  if (lines.length === 0) return state;
  throw new WeighbridgeError('CONFIG', `this would be another recording\n  ${lines.join('\n  ')}`, {
    where: join(dir, stateFile),
    mend: 'restore what differs, or record anew in another directory; nothing was changed here',
  });
}

/** What was named and is not what the recording was begun with. */
function otherwiseAsked(state: State, { seed = state.seed, rounds }: Pick<RecordOptions, 'seed' | 'rounds'>): string[] {
  const was = roundsOf(state.rounds);
  const is = rounds ?? was;
  return [
    ...(seed === state.seed ? [] : [`--seed was ${state.seed}, is ${seed}`]),
    ...(is === was ? [] : [`--rounds was ${was}, is ${is}`]),
  ];
}

const roundsOf = (rounds: number | null): number =>
  rounds ?? partOf({ seed: defaultSeed, blocks: 1 }).config.profile.rounds;

/** What parts have in common: the plan of each is its own, and each looks after it. */
const comparable = ({ code, machine }: Pick<State, 'code' | 'machine'>): Identity => ({
  plan: '',
  configuration: {},
  code,
  machine,
});

async function surroundings(seed: string): Promise<Pick<State, 'code' | 'machine'>> {
  const { config, plan } = partOf({ seed, blocks: 1 });
  const { code, machine } = identityOf(config, planDigest(plan), await environment());
  return { code, machine };
}

async function saveState(dir: string, state: State): Promise<State> {
  await writeWhole(join(dir, stateFile), formatJson(state));
  return state;
}

async function readState(dir: string): Promise<State> {
  const file = join(dir, stateFile);
  try {
    return stateSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `there is no recording: ${stateFile} cannot be read`, {
      where: dir,
      mend: 'name the directory that `weighbridge coverage record` was given; without --resume it begins a new one',
      cause,
    });
  }
}

/** Null where there is none yet. */
async function manifestOf(dir: string): Promise<Manifest | null> {
  const file = join(dir, 'manifest.json');
  return existsSync(file) ? manifestSchema.parse(JSON.parse(await readFile(file, 'utf8'))) : null;
}
