/** The tiers of a block as whoever keeps their books sees them: drained between slices, and counted. */
import type { DrainReport } from '#contract/control.ts';
import type { Manifest } from '#contract/manifest.ts';
import { service } from '#contract/names.ts';
import type { ArmTiers, Fleet } from './fleet.ts';

type Telemetry = Manifest['blocks'][number]['telemetry'][number];

export interface ServiceTier {
  service: string;
  /** '' for the testbed, which serves every arm. */
  arm: string;
  tier: {
    pid: number;
    control: { call(method: 'drain'): Promise<DrainReport> } & { call(method: 'gc'): Promise<undefined> };
  };
}

const toolsOf = (fleet: Fleet): ServiceTier => ({ service: service.tools, arm: '', tier: fleet.tools });
const ownTiers = (arm: ArmTiers): ServiceTier[] => [
  { service: service.agent, arm: arm.spec.arm, tier: arm.agent },
  ...(arm.gateway ? [{ service: service.gateway, arm: arm.spec.arm, tier: arm.gateway }] : []),
];

/** Those in the path of an arm's calls. */
export const tiersOf = (fleet: Fleet, arm: ArmTiers): ServiceTier[] => [...ownTiers(arm), toolsOf(fleet)];

export const everyTier = (fleet: Fleet): ServiceTier[] => [
  ...[...fleet.arms.values()].flatMap(ownTiers),
  toolsOf(fleet),
  { service: service.auth, arm: '', tier: fleet.auth },
];

/** What the tiers said they noted, summed per tier since the last `forget`. */
export class Noted {
  readonly #sums = new Map<string, Telemetry>();

  /** Everything noted is exported and acknowledged, and young garbage is gone, when this resolves. */
  async drain(tiers: readonly ServiceTier[]): Promise<void> {
    await Promise.all(
      tiers.map(async ({ service: name, arm, tier }) => {
        this.#add(name, arm, await tier.control.call('drain'));
        await tier.control.call('gc');
      }),
    );
  }

  #add(name: string, arm: string, report: DrainReport): void {
    const key = `${name}/${arm}`;
    const sum = this.#sums.get(key);
    if (!sum) this.#sums.set(key, { service: name, arm, ...report });
    else for (const field of Object.keys(report) as (keyof DrainReport)[]) sum[field] += report[field];
  }

  forget(): void {
    this.#sums.clear();
  }

  get byTier(): Telemetry[] {
    return [...this.#sums.values()];
  }

  get spansStarted(): number {
    return this.byTier.reduce((n, t) => n + t.spans_started, 0);
  }
}
