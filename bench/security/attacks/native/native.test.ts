/** Each native attack: stopped where its control is on, and not where that control is off or the arm has none. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Cell, cellSchema } from '#contract/security.ts';
import { builtinArms } from '../../../campaign/config/builtin.ts';
import { Supervisor } from '../../../campaign/supervise.ts';
import { type Attack, runSecretVariable } from '../../attack.ts';
import { type ArmRange, openRange } from '../../range.ts';
import { attackOn, type RangeChange } from '../../testing.ts';
import { agentLogTampered } from './agent-log-tampered.ts';
import { alteredPlugin } from './altered-plugin.ts';
import { codeByOtherListener } from './code-by-other-listener.ts';
import { codeWithoutVerifier } from './code-without-verifier.ts';
import { copiedStateFile } from './copied-state-file.ts';
import { exfiltrationPrivateAddress } from './exfiltration-private-address.ts';
import { exfiltrationRebinding } from './exfiltration-rebinding.ts';
import { exfiltrationRedirect } from './exfiltration-redirect.ts';
import { exfiltrationUndeclaredHost } from './exfiltration-undeclared-host.ts';
import { nativeAttacks } from './index.ts';
import { formsOf, search, secretsIn } from './parts/canaries.ts';
import { scopeRace } from './scope-race.ts';
import { secretsAsCanaries } from './secrets-as-canaries.ts';
import { tenantBleed } from './tenant-bleed.ts';
import { undeclaredOperation } from './undeclared-operation.ts';
import { unsignedPlugin } from './unsigned-plugin.ts';

/** How many tries succeeded; undefined: at least one. */
type Expected = [outcome: Cell['outcome'], by: Cell['by'], succeeded?: number];
type Case = [attack: Attack, expected: Expected, evidence?: RegExp];

const supervisor = new Supervisor();
const stopped: Expected = ['stopped', 'agent', 0];
const succeeds = (times?: number): Expected =>
  ['not_stopped', null, ...(times === undefined ? [] : [times])] as Expected;

/** One range serves all attacks on it, as in a campaign. */
function on(arm: string, list: Case[], without = '', change: Omit<RangeChange, 'id'> = {}): void {
  describe(`${arm}${without && ` without ${without}`}`, () => {
    const dir = mkdtempSync(join(tmpdir(), 'native-attacks-'));
    let range: ArmRange;
    before(async () => {
      range = await openRange({ supervisor, spec: builtinArms.get(arm)!, dir, seed: 'test', ...change });
    });
    after(async () => {
      await range?.close();
      rmSync(dir, { recursive: true, force: true });
    });
    for (const [attack, expected, evidence] of list) {
      it(`${attack.id}: ${expected[0]}`, async () => {
        const stand = await range.forAttack(attack.id);
        const finding = await attack.carryOut(stand.range);
        await stand.end();
        const cell = cellSchema.parse({ arm, ...finding });
        const shown = JSON.stringify(cell, null, 1);
        const [outcome, by, succeeded] = expected;
        assert.deepEqual([cell.outcome, cell.by], [outcome, by], shown);
        if (succeeded === undefined) assert.ok(cell.succeeded > 0, shown);
        else assert.equal(cell.succeeded, succeeded, shown);
        assert.equal(cell.time_to_stop_ms === null, outcome === 'not_stopped', shown);
        if (evidence) assert.match(cell.evidence.map(({ found }) => found).join('\n'), evidence);
      });
    }
  });
}

/** The same with settings turned down. */
const onNativeWithout = (keys: readonly string[], list: Case[]): void =>
  on('native', list, keys.join(' and '), { settings: Object.fromEntries(keys.map((key) => [key, down(key)])) });
const down = (key: string): unknown => (/token_binding|sandbox_network/.test(key) ? 'off' : false);

const manifest = 'plugins.enforce_manifest_permissions';
const sandbox = 'plugins.sandbox_network';
const signatures = 'plugins.block_unsigned';
const pkce = 'security.oauth.pkce_required';
const binding = 'security.oauth.token_binding';
const queue = 'security.oauth.serialize_refresh';

on('native', [
  [undeclaredOperation, stopped],
  [unsignedPlugin, stopped, /not loaded: it has no signature/],
  [alteredPlugin, stopped, /plugin\.ts was altered/],
  [exfiltrationUndeclaredHost, stopped],
  [exfiltrationPrivateAddress, stopped],
  // It did go out, and was redirected.
  [exfiltrationRedirect, stopped, /^3 requests, each redirected$/m],
  [exfiltrationRebinding, stopped, /^4 requests$/m],
  [copiedStateFile, stopped, /another client, authority or binding key/],
  [codeWithoutVerifier, stopped, /^400 invalid_grant$/m],
  [codeByOtherListener, stopped, /^1 redirects with a code$/m],
  [tenantBleed, stopped, /another execution context/],
  [scopeRace, stopped, /^40 of 40 were served$/m],
  [agentLogTampered, succeeds(1), /lines that are called no record: 0$/m],
  [secretsAsCanaries, stopped],
]);
onNativeWithout(
  [manifest],
  [
    [undeclaredOperation, succeeds(1)],
    [exfiltrationUndeclaredHost, stopped, /undeclared_host/],
  ],
);
onNativeWithout(
  [sandbox],
  [
    [exfiltrationUndeclaredHost, stopped, /undeclared_host/],
    [exfiltrationPrivateAddress, succeeds(3)],
    [exfiltrationRebinding, succeeds()],
    [exfiltrationRedirect, stopped, /^3 requests, each redirected$/m],
  ],
);
onNativeWithout([manifest, sandbox], [[exfiltrationUndeclaredHost, succeeds(2)]]);
onNativeWithout(
  [signatures],
  [
    [unsignedPlugin, succeeds(1)],
    [alteredPlugin, succeeds(1)],
  ],
);
onNativeWithout(
  [binding],
  [
    [copiedStateFile, succeeds(2)],
    [tenantBleed, stopped, /another client, authority or binding key|another execution context|its key is another/],
  ],
);
onNativeWithout([pkce], [[codeWithoutVerifier, stopped]]);
onNativeWithout(
  [pkce, binding],
  [
    [codeWithoutVerifier, succeeds(1)],
    [codeByOtherListener, ['stopped_elsewhere', 'authority', 0]],
  ],
);
onNativeWithout([queue], [[scopeRace, ['stopped_elsewhere', 'authority', 0]]]);

on('native-regressed', [
  [undeclaredOperation, stopped],
  [alteredPlugin, succeeds(1)],
  [copiedStateFile, succeeds(2)],
  [codeWithoutVerifier, succeeds(1)],
  [tenantBleed, succeeds(3)],
  [scopeRace, succeeds()],
  [secretsAsCanaries, stopped],
]);
on('direct', [
  [unsignedPlugin, succeeds(1)],
  [exfiltrationPrivateAddress, succeeds(3)],
  [exfiltrationRebinding, succeeds()],
  [exfiltrationRedirect, stopped, /^3 requests, each redirected$/m],
  [codeWithoutVerifier, succeeds(1)],
  [codeByOtherListener, ['stopped_elsewhere', 'authority', 0]],
  [agentLogTampered, succeeds(1)],
]);
on('passthrough', [[agentLogTampered, succeeds(1)]]);
on('gateway', [
  [undeclaredOperation, succeeds(1)],
  [exfiltrationUndeclaredHost, succeeds(2), /2 with an access token$/m],
  [copiedStateFile, succeeds(2)],
  [codeWithoutVerifier, succeeds(1)],
  [tenantBleed, succeeds(3)],
  [scopeRace, succeeds()],
  [agentLogTampered, ['stopped', 'gateway', 0], /^chain: /m],
  [secretsAsCanaries, stopped, /1 × access token of the vault/],
]);
on('gateway', [[agentLogTampered, succeeds(1)]], 'its audit log', {
  gateway: ({ controls: { audit: _, ...controls }, ...config }) => ({ ...config, controls }),
});
on('layered', [
  [alteredPlugin, stopped],
  [copiedStateFile, stopped],
  [tenantBleed, stopped],
  [scopeRace, stopped, /^40 of 40 were served$/m],
  [agentLogTampered, ['stopped', 'gateway', 0]],
  [secretsAsCanaries, stopped],
]);

it('every attack has an id of its own, and is named by it', () => {
  const ids = nativeAttacks.map(({ id }) => id);
  assert.equal(new Set(ids).size, 14);
  for (const { claims, story } of [scopeRace, tenantBleed]) assert.deepEqual([claims, story], [['C4'], true]);
});

describe('secrets-as-canaries finds what is there', () => {
  /** An agent that puts its run's secret among the attributes of all that it exports. */
  const leaking: Attack = {
    ...secretsAsCanaries,
    carryOut: (range) =>
      secretsAsCanaries.carryOut({
        ...range,
        startAgent: (how = {}) =>
          range.startAgent({
            ...how,
            change: (own) => {
              const config = how.change?.(own) ?? own;
              const leaked = how.env?.[runSecretVariable];
              if (leaked === undefined) return config;
              return { ...config, telemetry: { ...config.telemetry, resource: { leaked } } };
            },
          }),
      }),
  };

  it('a secret in an exported attribute', async () => {
    const cell = await attackOn(leaking, 'native');
    assert.deepEqual([cell.outcome, cell.succeeded], ['not_stopped', 1]);
    assert.match(cell.evidence.at(-1)!.found, /^secret of the run in exported spans and lines$/);
  });

  it('in each form, and of a JWT by its signature alone', () => {
    const secret = 'a secret/with+signs, 24 c';
    const bytes = Buffer.from(secret);
    const canaries = [{ kind: 'it', secret }];
    for (const text of [
      secret,
      encodeURIComponent(secret),
      bytes.toString('base64'),
      bytes.toString('hex'),
      Buffer.from(`${secret} and more`).toString('base64url'),
    ]) {
      assert.deepEqual(search(canaries, [{ where: 'here', text: `before ${text} after` }]), [
        { kind: 'it', where: 'here' },
      ]);
    }
    assert.deepEqual(search(canaries, [{ where: 'here', text: secret.slice(1) }]), []);
    assert.ok(formsOf(`${'a'.repeat(20)}.${'b'.repeat(40)}.${'c'.repeat(86)}`).includes('c'.repeat(86)));
  });

  it('secrets of a configuration, by their keys', () => {
    const config = { a: { client_secret: 'one', b: [{ secret: 'two', id: 'x' }] }, secrets: { x: 'three' }, file: 'y' };
    assert.deepEqual(
      secretsIn(config, 'k').map(({ secret }) => secret),
      ['one', 'two', 'three'],
    );
  });
});
