/** The built-in workloads by name. */
import { assistantDay } from './assistant-day.ts';
import { fanOut } from './fan-out.ts';
import { toolChain } from './tool-chain.ts';
import type { Workload } from './workload.ts';

export type { Workload } from './workload.ts';

export const workloads: ReadonlyMap<string, Workload> = new Map(
  [toolChain, fanOut, assistantDay].map((workload) => [workload.name, workload]),
);
