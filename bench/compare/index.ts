/** Two campaigns side by side: first how they differ, then what changed between their estimates. Pure. */
import type { CampaignChanges } from '#contract/changes.ts';
import { changesOf, commonCount } from './changes.ts';
import { differencesOf, standingOf } from './differences.ts';
import type { Side } from './judging.ts';
import { loadCount } from './load.ts';

export type { Side } from './judging.ts';

export function compareCampaigns(a: Side, b: Side): CampaignChanges {
  const differences = differencesOf(a.manifest, b.manifest);
  const common = commonCount(a, b);
  const standing = standingOf(differences, common, [a.analysis.warnings, b.analysis.warnings]);
  const stop = standing.standing === 'not_meaningful' ? 'the campaigns cannot be compared' : null;
  const campaign = ({ analysis }: Side): CampaignChanges['a'] => ({
    id: analysis.campaign.id,
    profile: analysis.campaign.profile,
    blocks: analysis.campaign.blocks.kept,
    raw_digest: analysis.campaign.raw_digest,
  });
  const only = ({ analysis }: Side): number => analysis.comparisons.length + loadCount(analysis) - common;
  return {
    version: 1,
    a: campaign(a),
    b: campaign(b),
    differences,
    ...standing,
    ...changesOf(a, b, stop),
    only: { a: only(a), b: only(b) },
  };
}
