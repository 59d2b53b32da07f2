/** Gates: those that each block was judged by as it ended, and those over the campaign as a whole. */
import type { Analysis, Gate } from '#contract/analysis.ts';
import { type Manifest, voidableBlocks } from '#contract/manifest.ts';
import { voidedCount } from './warnings.ts';

export function gatesOf(manifest: Manifest, aa: Analysis['aa']): Gate[] {
  const voided = voidedCount(manifest);
  const limit = voidableBlocks(manifest.plan.blocks);
  const surprises = manifest.parity.filter((p) => !p.ok).length;
  return [
    {
      name: 'parity',
      block: null,
      value: surprises,
      limit: 0,
      unit: 'count',
      ok: surprises === 0,
      voids: false,
      note: `probes, of ${manifest.parity.length}, that an arm did not answer as expected`,
    },
    {
      name: 'blocks voided',
      block: null,
      value: voided,
      limit,
      unit: 'count',
      ok: voided <= limit,
      voids: false,
      note: 'blocks that a gate on the instrument voided, of all that were run',
    },
    ...aa.filter((a) => a.ci90 !== null).map(equalArms),
    ...manifest.blocks.flatMap((b) => b.gates),
  ];
}

const equalArms = (a: Analysis['aa'][number]): Gate => ({
  name: `equal arms, ${a.metric}`,
  block: null,
  value: Math.max(Math.abs(a.ci90![0]), Math.abs(a.ci90![1])),
  limit: a.h_us,
  unit: 'us',
  ok: a.result === 'passes',
  voids: false,
  note: `${a.workload}, ${a.condition}: the farther end of the 90 % interval of the same arm weighed twice`,
});
