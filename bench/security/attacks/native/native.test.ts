/** Each native attack: stopped where its control is on, and not where that control is off or the arm has none. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Cell, cellSchema } from '#contract/security.ts';
import { settingKeys } from '#contract/settings.ts';
import { builtinArms } from '../../../campaign/config/builtin.ts';
import { Supervisor } from '../../../campaign/supervise.ts';
import type { Attack } from '../../attack.ts';
import { type ArmRange, openRange } from '../../range.ts';
import type { RangeChange } from '../../testing.ts';
import { workAfterARefusal } from '../gateway/work-after-a-refusal.ts';
import { agentLogTampered } from './agent-log-tampered.ts';
import { alteredPlugin } from './altered-plugin.ts';
import { codeByOtherListener } from './code-by-other-listener.ts';
import { codeInjected } from './code-injected.ts';
import { codeWithoutVerifier } from './code-without-verifier.ts';
import { copiedStateFile } from './copied-state-file.ts';
import { exfiltrationByOwnCode } from './exfiltration-by-own-code.ts';
import { exfiltrationPrivateAddress } from './exfiltration-private-address.ts';
import { exfiltrationRebinding } from './exfiltration-rebinding.ts';
import { exfiltrationRedirect } from './exfiltration-redirect.ts';
import { exfiltrationUndeclaredHost } from './exfiltration-undeclared-host.ts';
import { expiredToken } from './expired-token.ts';
import { grantedBeyondManifests } from './granted-beyond-manifests.ts';
import { nativeAttacks } from './index.ts';
import { refreshBroadened } from './refresh-broadened.ts';
import { refreshStorm } from './refresh-storm.ts';
import { refreshWithoutRecord } from './refresh-without-record.ts';
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
    const { settings = {}, ...rest } = change;
    let range: ArmRange;
    before(async () => {
      range = await openRange({ supervisor, spec: { ...builtinArms.get(arm)!, settings }, dir, seed: 'test', ...rest });
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

/** Keys that turn a cell red alone. */
const turnsRed = new Set<string>();

/** The same with settings turned down. */
function onNativeWithout(keys: readonly string[], list: Case[]): void {
  if (keys.length === 1 && list.some(([, [outcome]]) => outcome === 'not_stopped')) turnsRed.add(keys[0]!);
  on('native', list, keys.join(' and '), { settings: Object.fromEntries(keys.map((key) => [key, down(key)])) });
}
const down = (key: string): unknown =>
  /token_binding|sandbox_network/.test(key) ? 'off' : key === scopeDiff ? 0 : false;

const manifest = 'plugins.enforce_manifest_permissions';
const sandbox = 'plugins.sandbox_network';
const signatures = 'plugins.block_unsigned';
const pkce = 'security.oauth.pkce_required';
const binding = 'security.oauth.token_binding';
const queue = 'security.oauth.serialize_refresh';
const scopeHash = 'security.oauth.scope_hash_validation';
const expiry = 'security.oauth.expiry_polling';
const failClosed = 'security.oauth.fail_closed_on_auth_error';
const refreshLog = 'audit.token_refresh_logging';
const scopeDiff = 'audit.scope_diff_check_interval';

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
  [codeInjected, stopped, /does not announce PKCE/],
  [exfiltrationByOwnCode, succeeds(2), /^answered 200, answered 200$/m],
  [refreshBroadened, stopped, /agent\/scope_hash \(scope_mismatch\)$/m],
  // It passed once, at the login, and what came later was found out while the agent ran.
  [grantedBeyondManifests, stopped, /^[1-9]\d* × match, then drift: .*write:payments/m],
  [refreshStorm, stopped, /^20 × carried out$/m],
  [expiredToken, stopped, /^2 × 200, 1 × 201$/m],
  [refreshWithoutRecord, stopped, /of which 1 on behalf of mail-sender/],
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
onNativeWithout(
  [pkce],
  [
    [codeWithoutVerifier, stopped],
    [codeInjected, succeeds(1), /^failed: .*\nok; its next call: 1 × carried out$/],
  ],
);
onNativeWithout(
  [pkce, binding],
  [
    [codeWithoutVerifier, succeeds(1)],
    [codeByOtherListener, ['stopped_elsewhere', 'authority', 0]],
  ],
);
onNativeWithout(
  [queue],
  [
    [scopeRace, ['stopped_elsewhere', 'authority', 0]],
    [refreshStorm, succeeds(), /invalid_grant/],
  ],
);
onNativeWithout([scopeHash], [[refreshBroadened, succeeds(2), /^served with a token that has 8 scopes beyond/]]);
onNativeWithout([expiry], [[expiredToken, succeeds(3), /3 × 401 \(expired\)/]]);
onNativeWithout([failClosed], [[workAfterARefusal, succeeds(20)]]);
onNativeWithout([refreshLog], [[refreshWithoutRecord, succeeds(1), /^0 refreshes, of which 0/m]]);
onNativeWithout([scopeDiff], [[grantedBeyondManifests, succeeds(1), /^0, none of which says so$/m]]);

it('every key of config.yaml turns a cell red when it alone is turned down', () => {
  const otherwise = [
    // Names whom to trust and has no off; the couriers' attacks add their publisher to it.
    'plugins.trusted_publishers',
    // Of `revoked-token`, in tokens.test.ts.
    'security.oauth.revocation_poll_interval',
  ];
  const keys = settingKeys.filter((key) => !otherwise.includes(key));
  assert.deepEqual([...turnsRed].sort(), keys.sort());
});

on('native-regressed', [
  [undeclaredOperation, stopped],
  [alteredPlugin, succeeds(1)],
  [copiedStateFile, succeeds(2)],
  [codeWithoutVerifier, succeeds(1)],
  [tenantBleed, succeeds(3)],
  [scopeRace, succeeds()],
  [refreshBroadened, succeeds(2)],
  [refreshStorm, stopped],
  [secretsAsCanaries, stopped],
]);
on('direct', [
  [unsignedPlugin, succeeds(1)],
  [exfiltrationPrivateAddress, succeeds(3)],
  [exfiltrationRebinding, succeeds()],
  [exfiltrationRedirect, stopped, /^3 requests, each redirected$/m],
  [codeWithoutVerifier, succeeds(1)],
  [codeByOtherListener, ['stopped_elsewhere', 'authority', 0]],
  [codeInjected, succeeds(1)],
  [exfiltrationByOwnCode, succeeds(2)],
  [refreshBroadened, succeeds(2)],
  [grantedBeyondManifests, succeeds(1)],
  // One token for all, and one refresh in flight.
  [refreshStorm, stopped],
  [expiredToken, succeeds(1)],
  [refreshWithoutRecord, succeeds(1)],
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
  [codeInjected, succeeds(1)],
  [exfiltrationByOwnCode, succeeds(2)],
  [refreshBroadened, succeeds(2)],
  [grantedBeyondManifests, succeeds(1)],
  [expiredToken, succeeds(1), /1 × 401 \(expired\)/],
  [refreshWithoutRecord, succeeds(1)],
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
  [codeInjected, stopped],
  [exfiltrationByOwnCode, succeeds(2)],
  [refreshBroadened, stopped],
  [grantedBeyondManifests, stopped],
  [refreshStorm, stopped],
  [expiredToken, stopped],
  [refreshWithoutRecord, stopped],
  [agentLogTampered, ['stopped', 'gateway', 0]],
  [secretsAsCanaries, stopped],
]);

it('every attack has an id of its own, and is named by it', () => {
  const ids = nativeAttacks.map(({ id }) => id);
  assert.equal(new Set(ids).size, nativeAttacks.length);
  for (const { claims, story } of [scopeRace, tenantBleed]) assert.deepEqual([claims, story], [['C4'], true]);
});
