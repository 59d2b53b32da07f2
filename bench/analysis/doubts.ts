/** What warnings are made from, and the words that they share. */
import type { Analysis, Comparison } from '#contract/analysis.ts';
import type { Comparisons } from './comparisons.ts';
import type { Data } from './data.ts';
import type { ArmPair } from './metrics.ts';

export interface Doubts {
  data: Data;
  main: Comparisons;
  aa: Analysis['aa'];
  arms: Analysis['arms'];
}

export const pairText = ({ arm, baseline }: ArmPair): string => `${arm} − ${baseline}`;
export const placeText = (c: Comparison): string => `${c.metric} of ${pairText(c)} in ${c.workload}, ${c.condition}`;
export const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
export const unique = (items: readonly string[]): string[] => [...new Set(items)];

/** Why there is no interval. */
export const fewBlocks = (blocks: number): string => `${blocks} block${blocks === 1 ? '' : 's'} give no interval`;

export const micros = (us: number): string => `${Math.round(us * 10) / 10} µs`;
