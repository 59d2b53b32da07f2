/** Names by name servers of one's own: real questions over UDP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameServer } from '../../bench/security/attacks/native/parts/name-server.ts';
import { resolveBy } from './name-servers.ts';
import { restrictedNetwork } from './network.ts';

test('each question is asked anew, and answered by that server', async () => {
  await using dns = await nameServer('a.courier.test', ['127.0.0.1', '127.0.0.2']);
  const resolve = resolveBy([dns.address]);
  assert.deepEqual(await resolve('a.courier.test'), [{ address: '127.0.0.1', family: 4 }]);
  assert.deepEqual(await resolve('A.courier.test'), [{ address: '127.0.0.2', family: 4 }]);
  assert.deepEqual(dns.given, ['127.0.0.1', '127.0.0.2']);
});

test('an address is itself, and a name that the server does not know has none', async () => {
  await using dns = await nameServer('a.courier.test', ['127.0.0.1']);
  const resolve = resolveBy([dns.address]);
  assert.deepEqual(await resolve('::1'), [{ address: '::1', family: 6 }]);
  await assert.rejects(resolve('b.courier.test'), { code: 'ENODATA' });
  const network = await restrictedNetwork({ 'x.test': 'http://a.courier.test:8080' }, resolve, []);
  assert.equal(network.baseOf('x.test'), 'http://a.courier.test:8080');
});

test('what is no address is refused by name', () => {
  assert.throws(() => resolveBy(['dns.example.test']), { code: 'CONFIG', where: 'name_servers' });
});
