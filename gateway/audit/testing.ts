/** For the audit's tests: records, keys, and logs that were written by the audit itself. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditConfig, GatewayConfig } from '#contract/config.ts';
import type { Gateway } from '../gateway.ts';
import { Authority, gatewayTo, Origin, post, type RawAnswer, send } from '../testing.ts';
import { readCheckpoints, type StoredCheckpoint } from './checkpoints.ts';
import type { AuditFile } from './file.ts';
import { openAudit } from './open.ts';
import type { AuditRecord, ChainedRecord } from './record.ts';

export const recordOf = (changes: Partial<AuditRecord>): AuditRecord => ({
  event: 'request',
  time: '2026-01-01T00:00:00.000Z',
  trace_id: 'a'.repeat(32),
  span_id: 'b'.repeat(16),
  agent: 'agent',
  operation: 'calendar.list_events',
  decision: 'allow',
  control: '',
  reason: '',
  status: 200,
  arguments_sha256: '',
  ...changes,
});

export const linesOf = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8')).split('\n').slice(0, -1);

export const recordsOf = async (file: string): Promise<ChainedRecord[]> =>
  (await linesOf(file)).map((line) => JSON.parse(line));

export interface TestLog {
  file: string;
  dir: string;
  key_file: string;
  publicKeyFile: string;
  publicKey: KeyObject;
  config: AuditConfig;
  checkpoints(): Promise<StoredCheckpoint[]>;
}

/** A place for a log, with a key and a directory for checkpoints elsewhere. */
export async function logIn(
  parent: string,
  mode: AuditConfig['mode'] = 'group_commit',
  every_records = 5,
): Promise<TestLog> {
  const place = join(parent, `log-${(await readdir(parent)).length}`);
  await mkdir(place);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const [key_file, publicKeyFile] = [join(place, 'private.pem'), join(place, 'public.pem')];
  await writeFile(key_file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  await writeFile(publicKeyFile, publicKey.export({ format: 'pem', type: 'spki' }));
  const file = join(place, 'audit.jsonl');
  const dir = join(place, 'elsewhere');
  const checkpoints = { dir, origin: 'test.example/audit', key_file, every_records };
  const config: AuditConfig = { file, mode, checkpoints };
  return { file, dir, key_file, publicKeyFile, publicKey, config, checkpoints: () => readCheckpoints(dir) };
}

/** Writes so many records to a log, some of them denials, one after the other, and closes it. */
export async function fill(config: AuditConfig, count: number): Promise<void> {
  const audit = await openAudit(config);
  for (let i = 0; i < count; i++) {
    const denied = i % 4 === 3;
    const record = recordOf({
      time: new Date(Date.UTC(2026, 0, 1, 0, 0, i)).toISOString(),
      trace_id: i.toString(16).padStart(32, '0'),
      agent: i % 2 === 0 ? 'even' : 'odd',
      ...(denied ? { decision: 'deny', control: 'gateway/policy', reason: `no ${i}: "a=b|c\\d"`, status: 403 } : {}),
    });
    if (audit.commit) await audit.commit(record);
    else audit.note(record);
    if (!audit.commit) await audit.flush();
  }
  await audit.close();
}

export interface AuditedGateway {
  gateway: Gateway;
  /** An Authorization field that allows reading calendars and small payments. */
  token: string;
  /** Up to 100 is allowed. */
  pay(amount_cents: number): Promise<RawAnswer>;
  stop(): Promise<void>;
}

/** A whole gateway that checks who calls and what they may do, and has it on record. */
export async function auditedGateway(audit: AuditConfig): Promise<AuditedGateway> {
  const authority = await Authority.start();
  const origin = await Origin.start();
  const controls: GatewayConfig['controls'] = {
    bearer: authority.verifier,
    policy: { agents: [{ agent_id: 'agent', scopes: ['read:calendar', 'write:payments'] }], max_payment_cents: 100 },
    audit,
  };
  const gateway = await gatewayTo(origin.url, controls);
  const token = `Authorization: Bearer ${await authority.token()}`;
  return {
    gateway,
    token,
    pay: (amount_cents) =>
      send(
        gateway.url,
        post('/payments/payments', `{"amount_cents":${amount_cents}}`, token, 'Content-Type: application/json'),
      ),
    async stop() {
      await gateway.close();
      await origin.stop();
      await authority.stop();
    },
  };
}

/** A disk with so many bytes left, which takes less than it is given and says so only by the count. */
export class SmallDisk implements AuditFile {
  written = '';
  /** How much of it survives a loss of power. */
  durable_bytes = 0;
  syncs = 0;
  room_bytes: number;
  /** What the next sync does; undefined: it succeeds at once. */
  onSync: (() => Promise<void>) | undefined;
  constructor(room_bytes: number) {
    this.room_bytes = room_bytes;
  }
  async write(data: Buffer, offset: number): Promise<{ bytesWritten: number }> {
    const taken = Math.min(this.room_bytes, data.length - offset, 100);
    this.room_bytes -= taken;
    this.written += data.toString('latin1', offset, offset + taken);
    return { bytesWritten: taken };
  }
  async sync(): Promise<void> {
    const length = this.written.length;
    await this.onSync?.();
    this.syncs++;
    this.durable_bytes = length;
  }
  async truncate(length: number): Promise<void> {
    this.room_bytes += this.written.length - length;
    this.written = this.written.slice(0, length);
  }
  async close(): Promise<void> {}

  get records(): ChainedRecord[] {
    return this.written
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }
}
