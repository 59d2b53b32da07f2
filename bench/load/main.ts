/** The prober's process: autocannon in a process of its own, with a control channel, so that nothing else shares its loop. */
import { type ProberMethods, serveControl } from '#contract/control.ts';
import { probe } from './probe.ts';
import { probeReport } from './probeReport.ts';

serveControl<ProberMethods>({
  configure: () => undefined,
  probe: async (order) => probeReport(await probe(order), order),
  stop: () => {
    setImmediate(() => process.exit(0));
    return undefined;
  },
});
