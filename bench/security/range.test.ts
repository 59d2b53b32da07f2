/** The range itself: real processes, everything on that the arm has, and nothing left of an attack when the next begins. */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { it } from 'node:test';
import { makeCalls, plannedCall } from './means/calls.ts';
import { withRange } from './testing.ts';

const calls = () => [
  plannedCall('calendar.list_events'),
  plannedCall('mail.send_message', { to: 'ana@example.test', subject: 's', body: 'b' }),
  plannedCall('payments.create_payment', { payee: 'acme', amount_cents: 1_250 }),
];

for (const arm of ['direct', 'native', 'native-regressed', 'passthrough', 'gateway', 'layered']) {
  it(`${arm}: an ordinary agent's calls are carried out with every control on`, () =>
    withRange(arm, async (range) => {
      const { tier, config } = await range.startAgent();
      const { calls: rows } = await makeCalls({ tier, config }, calls());
      assert.deepEqual(
        rows.map((r) => [r.outcome, r.error_type, r.denied_by]),
        rows.map(() => ['ok', null, null]),
      );
      const { effects } = await range.tools.control.call('effects');
      assert.equal(effects.length, 3);
      assert.equal(existsSync(config.state!.file), true);
      assert.equal(statSync(config.state!.file).mode & 0o077, 0);
    }));
}
