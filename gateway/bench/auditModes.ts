/**
 * What a mode of the audit costs a request: `node gateway/bench/auditModes.ts [calls] [directory]`. One process, one client,
 * an upstream that answers at once; the three gateways take turns in slices of 25 calls, of which the first 5 are left out.
 * The price of `group_commit` is the disk's: name a directory on the one that matters. It prints and asserts nothing.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditConfig } from '#contract/config.ts';
import { type Gateway, startGateway } from '../gateway.ts';

const slice = 25;
const leadIn = 5;

export interface ModePrice {
  mode: 'off' | AuditConfig['mode'];
  calls: number;
  p50_us: number;
  p95_us: number;
}

/** @param calls per mode, lead-in included. @param parent a directory on the disk that is to be measured. */
export async function measureAuditModes(calls: number, parent: string = tmpdir()): Promise<ModePrice[]> {
  const dir = await mkdtemp(join(parent, 'audit-modes-'));
  const upstream = createServer((_req, res) => res.end('ok'));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const modes = ['off', 'buffered', 'group_commit'] as const;
  const arms: { mode: (typeof modes)[number]; gateway: Gateway; took_us: number[] }[] = [];
  try {
    for (const mode of modes) {
      const gateway = await startGateway({
        telemetry: { service: 'gateway', instance: mode, mode: 'off' },
        upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
        controls: mode === 'off' ? {} : { audit: { file: join(dir, `${mode}.jsonl`), mode } },
      });
      arms.push({ mode, gateway, took_us: [] });
    }
    for (let round = 0; round * slice < calls; round++) {
      // The order turns, so that no mode always follows the same other one.
      for (const turn of modes.keys()) {
        const { gateway, took_us } = arms[(turn + round) % arms.length]!;
        for (let i = 0; i < slice; i++) {
          const took = await call(gateway.url, agent);
          if (i >= leadIn) took_us.push(took);
        }
        await gateway.drain();
      }
    }
  } finally {
    agent.destroy();
    await Promise.all(arms.map(({ gateway }) => gateway.close()));
    upstream.close();
    await rm(dir, { recursive: true });
  }
  return arms.map(({ mode, took_us }) => priceOf(mode, took_us));
}

function priceOf(mode: ModePrice['mode'], took_us: number[]): ModePrice {
  const sorted = took_us.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
  return { mode, calls: sorted.length, p50_us: at(0.5), p95_us: at(0.95) };
}

function call(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const start_ns = process.hrtime.bigint();
    request(`${url}/calendar/events`, { agent }, (res) => {
      res.resume().on('end', () => resolve(Number(process.hrtime.bigint() - start_ns) / 1_000));
    })
      .on('error', reject)
      .end();
  });
}

if (import.meta.main) {
  const [calls = '2500', parent] = process.argv.slice(2);
  const prices = await measureAuditModes(Number(calls), parent);
  const base = prices[0]!;
  for (const { mode, calls: n, p50_us, p95_us } of prices) {
    const added = mode === 'off' ? '' : `, added p50 ${(p50_us - base.p50_us).toFixed(1)} µs`;
    process.stdout.write(`${mode}: p50 ${p50_us.toFixed(1)} µs, p95 ${p95_us.toFixed(1)} µs, n = ${n}${added}\n`);
  }
}
