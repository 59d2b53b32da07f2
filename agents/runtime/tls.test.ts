/** An agent speaks plain HTTP or TLS, as the condition says; the real tools listen on both. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Certifier, openCertifier } from '../../bench/campaign/certificates.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { toolsHost } from '../plugins/catalogue.ts';
import { agentHere, everyOperation, oneByOne, plannedCall, sliceOrder } from '../testing/agents.ts';

let certifier: Certifier;
let bed: Testbed;
before(async () => {
  certifier = await openCertifier();
  bed = await startTestbed({ tls: await certifier.issue() });
});
after(() => bed.stop());

const tls = (ca = certifier.ca) => ({ directory: { [toolsHost]: bed.tools.tls_url! }, ca });
const calls = everyOperation.length;
const over = (protocol: 'http' | 'https') =>
  sliceOrder(oneByOne(calls), { condition: `instant/c1/${protocol}`, workload: protocol });

for (const controls of ['off', 'on'] as const) {
  test(`controls ${controls}: every operation over TLS, its connection opened once; then the same plainly`, async () => {
    const agent = await agentHere(bed, controls, { tls: tls() });
    try {
      await bed.toolsControl.call('effects');
      const secure = await agent.runSlice(over('https'));
      assert.deepEqual([...new Set(secure.calls.map((c) => `${c.outcome} ${c.protocol}`))], ['ok https']);
      assert.equal((await bed.toolsControl.call('effects')).effects.length, calls, 'both listeners have one book');
      const [first, ...rest] = secure.attempts;
      // With controls on, names are looked up once when the agent starts: what is left is next to nothing, but there.
      assert.ok(first!.dns_ns !== null && first!.connect_ns! > 0n && first!.tls_ns! > 0n);
      assert.ok(rest.every((a) => a.reused && a.dns_ns === null && a.tls_ns === null));
      for (const a of secure.attempts) assert.ok(a.start_ns < a.sent_ns! && a.sent_ns! <= a.first_byte_ns!);
      const plain = await agent.runSlice(over('http'));
      assert.deepEqual([...new Set(plain.calls.map((c) => `${c.outcome} ${c.protocol}`))], ['ok http']);
      assert.ok(plain.attempts.every((a) => a.dns_ns === null && a.tls_ns === null));
    } finally {
      await agent.close();
    }
  });
}

test('a tool refuses over TLS under the URL of that listener', async () => {
  const agent = await agentHere(bed, 'off', { tls: tls() });
  try {
    const call = plannedCall('calendar.list_events');
    const answer = await agent.probe({ call, token: null, protocol: 'https' });
    assert.equal(answer.status, 401);
    assert.ok(answer.www_authenticate!.includes(`resource_metadata="${bed.tools.tls_url}/`), answer.www_authenticate!);
  } finally {
    await agent.close();
  }
});

test('tools that no authority of ours vouches for get no call', async () => {
  const agent = await agentHere(bed, 'off', { tls: tls((await openCertifier()).ca) });
  try {
    await bed.toolsControl.call('effects');
    const { calls: rows } = await agent.runSlice(over('https'));
    assert.ok(rows.every((c) => c.outcome !== 'ok' && c.status === null));
    assert.equal((await bed.toolsControl.call('effects')).requests, 0);
  } finally {
    await agent.close();
  }
});

test('an agent that was told of no way over TLS says so, and sends nothing plainly instead', async () => {
  const agent = await agentHere(bed, 'off');
  try {
    await bed.toolsControl.call('effects');
    await assert.rejects(() => agent.runSlice(over('https')), { code: 'CONFIG', message: /no way over TLS/ });
    assert.equal((await bed.toolsControl.call('effects')).requests, 0);
  } finally {
    await agent.close();
  }
});
