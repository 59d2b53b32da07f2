import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { get as getPlain } from 'node:http';
import { createServer, get, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { openCertifier } from './certificates.ts';

const answered = (url: string, ca?: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) }, (res) => {
      res.resume();
      resolve(String(res.statusCode));
    }).on('error', (error: NodeJS.ErrnoException) => reject(error));
  });

async function serving<T>(options: { key: string; cert: string }, use: (port: number) => Promise<T>): Promise<T> {
  const server: Server = createServer(options, (_req, res) => void res.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('an authority vouches for a server under its name and its address, and for no other name', async () => {
  const { ca, issue } = await openCertifier();
  const { certificate, key } = await issue();
  const read = new X509Certificate(certificate);
  assert.equal(read.verify(new X509Certificate(ca).publicKey), true);
  assert.equal(read.ca, false);
  assert.equal(new X509Certificate(ca).ca, true);
  assert.equal(read.checkPrivateKey(createPrivateKey(key)), true);
  assert.equal(read.checkHost('localhost'), 'localhost');
  assert.equal(read.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(read.checkHost('example.test'), undefined);
  const before = Date.parse(read.validFrom);
  assert.ok(before < Date.now() && Date.parse(read.validTo) > Date.now() + 24 * 3_600_000);
});

test('two servers have keys and serial numbers of their own', async () => {
  const { issue } = await openCertifier();
  const [one, other] = [await issue(), await issue()];
  assert.notEqual(one.key, other.key);
  assert.notEqual(
    new X509Certificate(one.certificate).serialNumber,
    new X509Certificate(other.certificate).serialNumber,
  );
});

test('a handshake succeeds for whoever was told of the authority, and for nobody else', async () => {
  const [mine, another] = [await openCertifier(), await openCertifier()];
  const { certificate, key } = await mine.issue();
  await serving({ key, cert: certificate }, async (port) => {
    assert.equal(await answered(`https://localhost:${port}/`, mine.ca), '200');
    assert.equal(await answered(`https://127.0.0.1:${port}/`, mine.ca), '200');
    const refused = { code: /^(UNABLE_TO|SELF_SIGNED|CERT_)/ };
    await assert.rejects(answered(`https://localhost:${port}/`), refused);
    await assert.rejects(answered(`https://localhost:${port}/`, another.ca), /certificate/i);
    await assert.rejects(
      new Promise((resolve, reject) => {
        getPlain(`http://127.0.0.1:${port}/`, { agent: false }, resolve).on('error', reject);
      }),
    );
  });
});
