/**
 * What the telemetry costs on a request's path, timed in this process: the calls that a gateway makes per hop (a server
 * span, a client span, their attributes, the traceparent, a log line), in batches whose export is not part of it, but for
 * what the SDK’s batch processors begin to send of their own accord, as they do in a service. Between
 * processes the same difference drowns in what two runs of one program differ by.
 */
import { attemptAttr, attr, service, spanName } from '#contract/names.ts';
import { seededRandom } from '#contract/random.ts';
import {
  createTelemetry,
  formatTraceparent,
  parseTraceContext,
  type Telemetry,
} from '../../collectors/telemetry/index.ts';
import type { Samples } from './paired.ts';

const modes = {
  'nothing noted': 'off',
  'spans only': 'spans',
  'spans and log lines': 'light',
  'both by the full SDK': 'full',
} as const;
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

export interface OnPathOptions {
  /** Receives what was noted, between batches. */
  otlp: string;
  groups: number;
  batches_per_group: number;
  hops_per_batch: number;
  seed: string;
}

/** @returns µs per hop, a value per batch */
export async function measureOnPath(options: OnPathOptions): Promise<Samples> {
  const samples: Samples = new Map(Object.keys(modes).map((name) => [name, []]));
  const telemetries = Object.entries(modes).map(([name, mode]) => ({
    name,
    telemetry: createTelemetry({ service: service.gateway, instance: name, mode, otlp: options.otlp }),
  }));
  const random = seededRandom(options.seed);
  const warmUpGroups = 2;
  for (let group = -warmUpGroups; group < options.groups; group++) {
    if (group >= 0) for (const list of samples.values()) list.push([]);
    for (let batch = 0; batch < options.batches_per_group; batch++) {
      for (const { name, telemetry } of random.shuffle(telemetries)) {
        const us = timeBatch(telemetry, options.hops_per_batch) / options.hops_per_batch;
        await telemetry.drain();
        globalThis.gc?.({ type: 'minor' });
        if (group >= 0) samples.get(name)![group]!.push(us);
      }
    }
  }
  await Promise.all(telemetries.map(({ telemetry }) => telemetry.close()));
  return samples;
}

function timeBatch(telemetry: Telemetry, hops: number): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < hops; i++) hop(telemetry, i);
  return Number(process.hrtime.bigint() - start) / 1_000;
}

function hop(telemetry: Telemetry, i: number): void {
  const server = telemetry.child(
    parseTraceContext(traceparent, '')!,
    spanName.server('GET', '/calendar/events'),
    'server',
  );
  server.set(attr.method, 'GET');
  server.set(attr.route, '/calendar/events');
  server.set(attr.operation, 'calendar.list_events');
  const client = telemetry.child(server, spanName.clientAttempt('GET'), 'client');
  client.set(attr.method, 'GET');
  client.set(attr.call, `b0s0r0-p${i % 25}`);
  formatTraceparent(client);
  client.set(attemptAttr.reused, '1');
  client.set(attemptAttr.sentNs, telemetry.now() - client.startNs);
  client.set(attr.status, 200);
  client.set(attemptAttr.firstByteNs, telemetry.now() - client.startNs);
  client.end();
  server.set(attr.status, 200);
  server.set(attr.controlsNs, 1_000);
  telemetry.line(server, 'request', { status: 200, method: 'GET', route: '/calendar/events', attempts: 1 });
  server.end();
}
