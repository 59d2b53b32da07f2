/** The collector's process: an OTLP receiver before a store, told what to do over the control channel. */
import type { CollectorConfig } from '#contract/config.ts';
import { type CollectorMethods, serveControl } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { type Receiver, startReceiver } from './receiver/server.ts';
import { Store } from './store/index.ts';

let collector: { store: Store; receiver: Receiver } | undefined;

function running(): { store: Store; receiver: Receiver } {
  if (!collector) throw new WeighbridgeError('INTERNAL', 'the collector is not configured yet');
  return collector;
}

/** The senders count what was not acknowledged; why it was not, they cannot know. */
function tell(error: unknown): void {
  process.stderr.write(`collector: ${error instanceof Error ? error.message : String(error)}\n`);
}

async function configure({ dir, port }: CollectorConfig): Promise<{ otlp: string }> {
  if (collector) throw new WeighbridgeError('INTERNAL', 'the collector is configured already');
  const store = await Store.open(dir);
  try {
    const receiver = await startReceiver({ store, onFault: tell, ...(port === undefined ? {} : { port }) });
    collector = { store, receiver };
    return { otlp: receiver.url };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function stop(): Promise<undefined> {
  await collector?.receiver.close();
  await collector?.store.close();
  // The answer goes out first.
  setImmediate(() => process.exit(0));
}

serveControl<CollectorMethods>({
  configure,
  add_calls: ({ calls, attempts }) => running().store.addCalls(calls, attempts) as Promise<undefined>,
  add_resources: ({ rows }) => running().store.addResources(rows) as Promise<undefined>,
  add_load: ({ step, report }) => running().store.addLoad(step, report) as Promise<undefined>,
  counts: () => running().store.counts(),
  end_block: ({ block }) => running().store.endBlock(block),
  discard: () => running().store.discard() as Promise<undefined>,
  merge: ({ voided, keep_blocks }) => running().store.merge(voided, keep_blocks),
  stop,
});
