/** A supervisor that knows its processes by name, and tells of each that starts. */
import { Supervisor, type Tier, type TierKind } from '../../bench/campaign/supervise.ts';

export class Watching extends Supervisor {
  /** The latest of each name. */
  readonly pids = new Map<string, number>();
  onStart: (name: string, pid: number) => void = () => {};
  /** Variables that a process of that name is given. */
  envOf: (name: string) => Record<string, string> | undefined = () => undefined;

  override start<M>(kind: TierKind, name: string, env?: Record<string, string>): Tier<M> {
    const tier = super.start<M>(kind, name, { ...env, ...this.envOf(name) });
    this.pids.set(name, tier.pid);
    this.onStart(name, tier.pid);
    return tier;
  }
}
