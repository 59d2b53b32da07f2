/** What placebos truly added to calls, as their gateways measured it: the truth that a calibration is held against. */
import type { Manifest } from '#contract/manifest.ts';
import type { Store } from '../../collectors/traces/index.ts';
import { type SortedSamples, sortSamples } from '../stats/samples.ts';
import { quoted } from './campaign.ts';

type Arm = Manifest['arms'][number];

/** Arms whose gateway adds a known delay; one that is watched in another way is there for that, and no placebo. */
export const placebosOf = (manifest: Manifest): (Arm & { delay_ms: number })[] =>
  manifest.arms.flatMap((a) => (a.delay_ms !== undefined && !a.telemetry ? [{ ...a, delay_ms: a.delay_ms }] : []));

/** By cell and block, over warm, answered calls, µs; nothing where the campaign has no placebo. Wants `call` and `cell_block`. */
export async function readInjected(store: Store, manifest: Manifest): Promise<Map<number, SortedSamples>> {
  const arms = placebosOf(manifest).map(({ arm }) => `(${quoted(arm)})`);
  if (arms.length === 0) return new Map();
  await store.execute(`CREATE OR REPLACE TABLE placebo(arm VARCHAR); INSERT INTO placebo VALUES ${arms.join(', ')}`);
  const values = new Map<number, number[]>();
  await store.stream(new URL('./sql/injected.sql', import.meta.url), ([cb, injected_ns], rows) => {
    for (let i = 0; i < rows; i++) {
      const own = values.get(cb![i]!) ?? [];
      own.push(injected_ns![i]! / 1000);
      values.set(cb![i]!, own);
    }
  });
  return new Map([...values].map(([cb, own]) => [cb, sortSamples(own)]));
}
