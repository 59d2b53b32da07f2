/** Ctrl-C, for commands that have processes running. */
import { Supervisor } from '../campaign/supervise.ts';

export interface InterruptibleOptions {
  /** A directory for the stacks of processes that hang, made when one does. */
  diagnostics?: string;
  /** On stderr, at the first Ctrl-C. */
  said: string;
}

/** Once: the signal is aborted, and what is whole is kept. Twice: out at once. No child is left in any case. */
export function interruptible({ diagnostics, said }: InterruptibleOptions): {
  supervisor: Supervisor;
  signal: AbortSignal;
} {
  const supervisor = new Supervisor(diagnostics === undefined ? {} : { diagnostics });
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      supervisor.killAll();
      process.exit(105);
    }
    process.stderr.write(`\n${said}\n`);
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return { supervisor, signal: controller.signal };
}
