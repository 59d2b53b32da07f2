/** The vault with the upstream credentials cannot be read any more, or the authority that they are for gives no token. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileKeyStore, Vault } from '../../../../gateway/vault/index.ts';
import type { Attack, Finding, Range } from '../../attack.ts';
import { auditOf } from '../../means/audit.ts';
import { beliefOf, denierOf, plannedCall } from '../../means/calls.ts';
import { judged } from '../../means/finding.ts';
import { deedsOf, describeEffects, took_ms } from './means/deeds.ts';
import { agentAt, type Controls, describeRecords, gatewayFor, places } from './means/started.ts';
import { asks, describeAnswer, holderOf } from './means/wire.ts';

const noVault = 'No vault: the agent itself holds the credentials for the tools.';
const entry = 'tools-client';
/** Nobody listens there (RFC 863 discards, and loopback has no such service here). */
const nobody = 'http://127.0.0.1:9/token';

type Credentials = NonNullable<Controls['credentials']>;

/** The secret that the arm's gateway was handed, in a vault. */
async function inVault({ client_secret, ...config }: Credentials, dir: string): Promise<Credentials> {
  const files = { file: join(dir, 'vault.json'), key_file: join(dir, 'vault-keys.json') };
  const vault = await Vault.create(files.file, await FileKeyStore.create(files.key_file));
  await vault.put(entry, client_secret!);
  return { ...config, vault: { ...files, entry } };
}

/** Where the gateway has none to begin with: what it sends upstream shows no token, its agent's neither. */
async function withoutCredentials(range: Range): Promise<Finding> {
  const gateway = await gatewayFor(range, {}, { takes_unbound: true });
  const answer = await asks(await holderOf(range, gateway.url), 'calendar.list_events');
  const { effects, requests } = await range.tools.control.call('effects');
  return judged({
    tries: 1,
    succeeded: effects.length,
    by: 'tools',
    time_to_stop_ms: answer.took_ms,
    belief: null,
    trace_id: answer.trace_id,
    evidence: [
      { where: places.effects, found: describeEffects(effects, requests) },
      { where: places.answers, found: describeAnswer(answer) },
    ],
    why:
      effects.length > 0
        ? 'Without credentials of its own the gateway passed the call on, and it was served.'
        : 'Without credentials of its own the gateway sends no token upstream, and the tools refuse.',
  });
}

export const vaultFails: Attack = {
  id: 'vault-fails',
  title: 'The vault with the upstream credentials fails',
  capability: 'fail_closed',
  claims: [],
  story: false,
  counts_as_stopped: 'without credentials of its own the gateway sends nothing upstream',
  notApplicable: (spec) => (spec.gateway === 'gateway' ? undefined : noVault),
  async carryOut(range): Promise<Finding> {
    const own = range.gateway?.config.controls.credentials;
    if (!own) return withoutCredentials(range);
    const credentials = await inVault(own, range.dir);
    const spoilt = await gatewayFor(range, { credentials });
    // The gateway has seen that it opens, and reads it anew when it needs a token.
    writeFileSync(credentials.vault!.file, '{"version":1,"entries":{');
    const agent = await agentAt(range, spoilt.url);
    const broken = await deedsOf(range, agent, [[plannedCall('calendar.list_events')]]);
    const row = broken.rows[0]!;
    const orphaned = await gatewayFor(
      range,
      { credentials: { ...own, token_endpoint: nobody } },
      { takes_unbound: true },
    );
    const answer = await asks(await holderOf(range, orphaned.url), 'calendar.list_events');
    const without = await range.tools.control.call('effects');
    const reached = broken.requests + without.requests;
    return judged({
      tries: 2,
      succeeded: reached,
      by: denierOf(row.denied_by),
      time_to_stop_ms: took_ms(row),
      belief: beliefOf([row]),
      trace_id: row.trace_id,
      evidence: [
        { where: places.effects, found: `broken vault: ${describeEffects(broken.effects, broken.requests)}` },
        { where: places.effects, found: `authority gone: ${describeEffects(without.effects, without.requests)}` },
        { where: places.answers, found: `authority gone: ${describeAnswer(answer)}` },
        { where: places.audit, found: describeRecords(await auditOf(spoilt, row.trace_id), spoilt) },
      ],
      why:
        reached > 0
          ? 'Something went upstream without credentials of its own.'
          : 'Whoever has no token for the tools is answered with 503, and not one byte goes upstream.',
    });
  },
};
