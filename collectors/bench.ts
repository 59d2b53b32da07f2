/**
 * How many spans a second the collector takes: sent over HTTP by this process, one request at a time, decoded and in
 * the store of another. The sender only waits, so that the collector's one core is what is measured.
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CollectorMethods, ControlClient } from '#contract/control.ts';
import { encodeProtobuf, sampleTraces } from './samples/encode.ts';

const batches = 60;
const batchSpans = 2000;
const warmUp = 10;

export interface ReceiverSpeed {
  spans_per_s_json: number;
  spans_per_s_protobuf: number;
  /** Spans behind each figure. */
  n: number;
}

export async function benchReceiver(): Promise<ReceiverSpeed> {
  const dir = await mkdtemp(join(tmpdir(), 'weighbridge-bench-'));
  const child = fork(new URL('main.ts', import.meta.url), { serialization: 'advanced', execArgv: [] });
  const collector = new ControlClient<CollectorMethods>('collector', child);
  try {
    const { otlp } = await collector.call('configure', { dir });
    const url = `${otlp}/v1/traces`;
    const json = await speed(collector, url, 'application/json', (first) =>
      Buffer.from(JSON.stringify(sampleTraces(first, batchSpans))),
    );
    const protobuf = await speed(collector, url, 'application/x-protobuf', (first) =>
      encodeProtobuf('ExportTraceServiceRequest', sampleTraces(first, batchSpans)),
    );
    await collector.call('stop');
    return { spans_per_s_json: json, spans_per_s_protobuf: protobuf, n: batches * batchSpans };
  } finally {
    child.kill();
    await rm(dir, { recursive: true, force: true });
  }
}

async function speed(
  collector: ControlClient<CollectorMethods>,
  url: string,
  type: string,
  body: (first: number) => Buffer,
): Promise<number> {
  await collector.call('discard');
  const bodies = Array.from({ length: warmUp + batches }, (_, i) => body(i * batchSpans));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const warm of bodies.slice(0, warmUp)) await post(agent, url, type, warm);
  const startNs = process.hrtime.bigint();
  for (const each of bodies.slice(warmUp)) await post(agent, url, type, each);
  const seconds = Number(process.hrtime.bigint() - startNs) / 1e9;
  agent.destroy();
  const { spans } = await collector.call('counts');
  if (spans !== bodies.length * batchSpans) throw new Error(`${spans} of ${bodies.length * batchSpans} spans stored`);
  return Math.round((batches * batchSpans) / seconds);
}

function post(agent: Agent, url: string, type: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': body.length };
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the collector answered ${response.statusCode}`));
      });
    });
    sent.on('error', reject).end(body);
  });
}
