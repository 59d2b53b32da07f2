/** An audit log with something in it that somebody would rather not have there, and what an auditor says to it. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditCheckpointConfig } from '#contract/config.ts';
import type { Evidence } from '#contract/security.ts';
import { readCheckpoints, type Verification, verifyLog } from '../../../../../gateway/audit/index.ts';
import type { ChainedRecord } from '../../../../../gateway/audit/record.ts';
import type { Finding, Range } from '../../../attack.ts';
import { judged, notApplicable, since_ms } from '../../../means/finding.ts';
import { gatewayFor, hasControl } from './started.ts';
import { asks, holderOf, pays } from './wire.ts';

export const noCentralLog = 'No gateway, so no central log: what the agents keep on their hosts is another attack.';

/** Calls before the one that is to be hidden, and after it. */
const before = 6;
const after = 3;

export interface Tampering {
  /** What was done, for evidence. */
  did: string;
  /** The lines of a log that its gateway has left, and the place of the first one to hide. */
  tamper(lines: readonly string[], at: number): string[];
  /** One sentence for each way it can end. */
  why: { told: string; untold: string };
}

/** Fills a log through a real gateway, tampers with it, and has it verified as an auditor would. */
export async function tamperWithLog(range: Range, { did, tamper, why }: Tampering): Promise<Finding> {
  if (!range.gateway) return notApplicable(noCentralLog);
  if (!hasControl(range, 'audit')) {
    return judged({
      tries: 1,
      succeeded: 1,
      by: null,
      time_to_stop_ms: null,
      belief: null,
      trace_id: null,
      evidence: [{ where: "the gateway's configuration", found: 'controls.audit is off' }],
      why: 'There is no audit log: what was done has left no record that could be tampered with.',
    });
  }
  const log = await filledLog(range);
  const intact = await verified(log);
  if (!intact.ok) throw new Error(`the log did not hold before anybody touched it: ${intact.problems[0]?.what}`);
  const lines = readFileSync(log.file, 'utf8').split('\n').slice(0, -1);
  const at = lines.findIndex((line) => line.includes(log.trace_id));
  const started_ms = performance.now();
  writeFileSync(
    log.file,
    tamper(lines, at)
      .map((line) => `${line}\n`)
      .join(''),
  );
  const found = await verified(log);
  const evidence: Evidence[] = [
    {
      where: 'the log before',
      found: `${intact.records} records, ${intact.covered ?? 0} covered by checkpoints, holds`,
    },
    { where: 'the log after', found: did },
    { where: 'weighbridge audit verify', found: verdictOf(found) },
  ];
  return judged({
    tries: 1,
    succeeded: found.ok ? 1 : 0,
    by: 'gateway',
    time_to_stop_ms: since_ms(started_ms),
    belief: null,
    trace_id: log.trace_id,
    evidence,
    why: found.ok ? why.untold : why.told,
  });
}

interface FilledLog {
  file: string;
  checkpoints: AuditCheckpointConfig | undefined;
  /** Of the call that is to be hidden. */
  trace_id: string;
}

async function filledLog(range: Range): Promise<FilledLog> {
  const checkpoints = range.gateway?.config.controls.audit?.checkpoints && checkpointsIn(range.dir);
  const file = join(range.dir, 'audit', 'log.jsonl');
  const audit = { file, mode: 'group_commit' as const, ...(checkpoints ? { checkpoints } : {}) };
  const gateway = await gatewayFor(range, { audit }, { takes_unbound: true });
  const holder = await holderOf(range, gateway.url);
  for (let i = 0; i < before; i++) await asks(holder, 'calendar.list_events');
  const hidden = await pays(holder, 4_900, {}, 'mallory');
  for (let i = 0; i < after; i++) await asks(holder, 'search.query', { q: 'budget', limit: 3 });
  // It ends in order: all is written, and the last checkpoint covers it.
  await range.stop(gateway.tier);
  return { file, checkpoints, trace_id: hidden.trace_id };
}

function checkpointsIn(dir: string): AuditCheckpointConfig {
  const key_file = join(dir, 'checkpoint.pem');
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(key_file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { dir: join(dir, 'checkpoints-elsewhere'), origin: 'weighbridge.test/attacked', key_file, every_records: 4 };
}

async function verified({ file, checkpoints }: FilledLog): Promise<Verification> {
  if (!checkpoints) return verifyLog(file);
  const publicKey = createPublicKey(createPrivateKey(readFileSync(checkpoints.key_file)));
  return verifyLog(file, { checkpoints: await readCheckpoints(checkpoints.dir), publicKey });
}

const verdictOf = ({ ok, problems, records }: Verification): string =>
  ok
    ? `it holds, with ${records} records`
    : problems
        .slice(0, 3)
        .map(({ kind, where, what }) => `${kind} (${where.startsWith('line') ? where : 'a checkpoint'}): ${what}`)
        .join('; ');

/** A line read, for whoever knows the format as well as the gateway does. */
export const recordIn = (line: string): ChainedRecord => JSON.parse(line) as ChainedRecord;
