/** Doubt about the measurement, as part of the result: what was found, what to do, and which verdicts it caps. */
import type { Warning } from '#contract/analysis.ts';
import { type Manifest, setAside, voidableBlocks } from '#contract/manifest.ts';
import { equalsMetric, isTime } from '#contract/metrics.ts';
import { fewestBlocks } from '../stats/signedRank.ts';
import { isSecurity } from './claims.ts';
import { type Doubts, micros, unique } from './doubts.ts';
import { attachedWarnings, failureWarnings, lossWarnings, omissionWarnings } from './outcomeWarnings.ts';
import { equalPair } from './resolution.ts';
import { shapeWarnings } from './shapeWarnings.ts';
import { widthWarnings } from './widthWarnings.ts';

/** All warnings, in a fixed order: the campaign as a whole, then its resolution, then single figures. */
export function warningsOf(doubts: Doubts): Warning[] {
  const { manifest } = doubts.data;
  return [
    ...courseWarnings(manifest, everyClaim(manifest)),
    ...parityWarnings(manifest),
    ...resolutionWarnings(doubts),
    ...widthWarnings(doubts),
    ...shapeWarnings(doubts),
    ...omissionWarnings(doubts.main.omitted),
    ...failureWarnings(doubts),
    ...lossWarnings(doubts.arms),
    ...attachedWarnings(manifest),
  ];
}

export const voidedCount = (manifest: Manifest): number => manifest.blocks.filter((b) => b.voided !== null).length;

/** Of those that stand on blocks: attacks are carried out beside them, and their outcomes take nothing from blocks. */
const everyClaim = (manifest: Manifest): string[] => manifest.claims.filter((c) => !isSecurity(c)).map((c) => c.claim);

/** On how the campaign went: its length, its end, its void blocks. They cap all that stands on blocks. */
export const courseWarnings = (manifest: Manifest, onBlocks: string[]): Warning[] => [
  ...lengthWarnings(manifest, onBlocks),
  ...voidWarnings(manifest, onBlocks),
];

function lengthWarnings(manifest: Manifest, onBlocks: string[]): Warning[] {
  const counted = manifest.blocks.length - setAside(manifest.blocks).length;
  const warnings: Warning[] = [];
  if (counted < fewestBlocks) {
    warnings.push({
      code: 'few_blocks',
      message: `${counted} blocks: below ${fewestBlocks} no interval is given, and nothing is decided.`,
      mend: 'Run the quick profile, or a longer one.',
      caps: onBlocks,
    });
  } else if (manifest.profile === 'quick') {
    warnings.push({
      code: 'quick_profile',
      message: `A quick campaign: ${counted} blocks give intervals, but wide ones.`,
      mend: 'Run a longer profile before a decision rests on a figure near the edge of its margin.',
      caps: [],
    });
  }
  if (manifest.status === 'aborted') {
    warnings.push({
      code: 'aborted',
      message: 'The campaign ended before its plan did; intervals take for granted that the plan fixed its length.',
      mend: 'Resume it, or run it again.',
      caps: onBlocks,
    });
  }
  return warnings;
}

function voidWarnings(manifest: Manifest, onBlocks: string[]): Warning[] {
  const voided = voidedCount(manifest);
  if (voided === 0) return [];
  const failed = manifest.blocks.flatMap((b) => b.gates.filter((g) => g.voids && !g.ok).map((g) => g.name));
  const gates = failed.length > 0 ? ` (${unique(failed).join(', ')})` : '';
  if (voided === manifest.blocks.length) {
    return [
      {
        code: 'every_block_void',
        message: `Every block is void${gates}. The figures are shown from all of them.`,
        mend: 'Run on a machine that is left to the campaign; nothing can rest on these figures.',
        caps: onBlocks,
      },
    ];
  }
  return [
    {
      code: 'voided_blocks',
      message: `${voided} of ${manifest.blocks.length} blocks are void${gates}.`,
      mend: 'Run on a quieter machine. The figures over all blocks stand beside the main ones.',
      caps: voided > voidableBlocks(manifest.plan.blocks) ? onBlocks : [],
    },
  ];
}

function parityWarnings(manifest: Manifest): Warning[] {
  const surprises = manifest.parity.filter((p) => !p.ok);
  if (surprises.length === 0) return [];
  const said = surprises.map((p) => `${p.arm}, ${p.probe}: expected ${p.expected}, got ${p.got}`);
  return [
    {
      code: 'parity',
      message: `The arms do not do the same job: ${said.join('; ')}.`,
      mend: 'Mend the arm or its configuration; times of unlike jobs cannot be compared.',
      caps: manifest.claims.map((c) => c.claim),
    },
  ];
}

function resolutionWarnings({ data, aa }: Doubts): Warning[] {
  const { manifest } = data;
  const timing = manifest.claims.filter((c) => isTime(c.metric));
  if (!equalPair(data) || (aa.length === 0 && timing.length > 0)) {
    return [
      {
        code: 'no_aa',
        message: 'No pair of equal arms was measured: what this campaign can resolve is not shown.',
        mend: 'Add the arms direct and direct-b.',
        caps: timing.map((c) => c.claim),
      },
    ];
  }
  return aa
    .filter((a) => a.result === 'fails' || a.result === 'resolution not shown')
    .map((a) => ({
      code: a.result === 'fails' ? 'aa_fails' : 'aa_not_shown',
      message:
        `The same arm weighed twice differs by ${micros(a.estimate_us)} in ${a.metric} (${a.workload}, ${a.condition}; ` +
        `90 %: ${micros(a.ci90![0])} to ${micros(a.ci90![1])}), and ±${micros(a.h_us)} was to be shown.`,
      mend:
        a.result === 'fails'
          ? 'Look for what sets the two apart: the instrument is biased.'
          : 'Run more blocks, or a quieter machine.',
      caps: timing.filter((c) => equalsMetric(c.metric) === a.metric).map((c) => c.claim),
    }));
}
