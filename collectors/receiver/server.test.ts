import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { WeighbridgeError } from '#contract/errors.ts';
import { startSampleCollector } from '../samples/collector.ts';
import { decodeProtobuf, encodeProtobuf, sampleTraces } from '../samples/encode.ts';
import { startReceiver } from './server.ts';

const json = 'application/json';
const protobuf = 'application/x-protobuf';
const jsonBody = (first: number, count: number) => Buffer.from(JSON.stringify(sampleTraces(first, count)));
const protobufBody = (first: number, count: number) =>
  encodeProtobuf('ExportTraceServiceRequest', sampleTraces(first, count));

interface Answer {
  status: number;
  type: string | undefined;
  allow: string | undefined;
  body: Buffer;
}

function send(
  url: string,
  body: Uint8Array,
  headers: Record<string, string | number>,
  method = 'POST',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { 'content-type': type, allow } = response.headers;
        resolve({ status: response.statusCode!, type, allow, body: Buffer.concat(chunks) });
      });
    });
    sent.on('error', reject).end(body);
  });
}

test('JSON and protobuf, plain and gzipped: 200 in the encoding of the request, and the rows are in the store', async () => {
  await using collector = await startSampleCollector();
  const url = `${collector.receiver.url}/v1/traces`;
  const plainJson = await send(url, jsonBody(0, 3), { 'content-type': 'Application/JSON; charset=utf-8' });
  assert.deepEqual([plainJson.status, plainJson.type, plainJson.body.toString()], [200, json, '{}']);
  const packedJson = await send(url, gzipSync(jsonBody(3, 3)), { 'content-type': json, 'content-encoding': 'gzip' });
  assert.equal(packedJson.status, 200);
  const plain = await send(url, protobufBody(6, 3), { 'content-type': protobuf });
  assert.deepEqual([plain.status, plain.type], [200, protobuf]);
  assert.deepEqual(decodeProtobuf('ExportTraceServiceResponse', plain.body), {});
  const packed = await send(url, gzipSync(protobufBody(9, 3)), {
    'content-type': protobuf,
    'content-encoding': 'gzip',
  });
  assert.equal(packed.status, 200);
  assert.equal((await collector.store.counts()).spans, 12);
});

test('what cannot be taken is refused with a Status in the encoding of the request, and nothing of it is stored', async () => {
  await using collector = await startSampleCollector(100_000);
  const base = collector.receiver.url;
  const good = jsonBody(0, 2);
  const badEnd = {
    resourceSpans: [
      ...(sampleTraces(0, 5) as { resourceSpans: object[] }).resourceSpans,
      { scopeSpans: [{ spans: [{}] }] },
    ],
  };
  const large = jsonBody(0, 300);
  const cases: [string, number, number, Promise<Answer>][] = [
    ['another path', 404, 12, send(`${base}/v1/metrics`, good, { 'content-type': json })],
    ['a prototype’s name', 404, 12, send(`${base}/constructor`, good, { 'content-type': json })],
    ['another method', 405, 12, send(`${base}/v1/traces`, new Uint8Array(0), { 'content-type': json }, 'GET')],
    ['another type', 415, 3, send(`${base}/v1/traces`, good, { 'content-type': 'text/plain' })],
    ['no type', 415, 3, send(`${base}/v1/traces`, good, {})],
    ['another coding', 415, 3, send(`${base}/v1/traces`, good, { 'content-type': json, 'content-encoding': 'br' })],
    ['not JSON', 400, 3, send(`${base}/v1/traces`, Buffer.from('{'), { 'content-type': json })],
    ['not UTF-8', 400, 3, send(`${base}/v1/traces`, Buffer.from('{"a":"\xff"}', 'latin1'), { 'content-type': json })],
    ['not gzip', 400, 3, send(`${base}/v1/traces`, good, { 'content-type': json, 'content-encoding': 'gzip' })],
    ['one bad span', 400, 3, send(`${base}/v1/traces`, Buffer.from(JSON.stringify(badEnd)), { 'content-type': json })],
    [
      'logs with a bad id',
      400,
      3,
      send(`${base}/v1/logs`, Buffer.from('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"x"}]}]}]}'), {
        'content-type': json,
      }),
    ],
    ['too long', 413, 8, send(`${base}/v1/traces`, large, { 'content-type': json })],
    [
      'too long, in chunks',
      413,
      8,
      send(`${base}/v1/traces`, large, { 'content-type': json, 'transfer-encoding': 'chunked' }),
    ],
    [
      'too long once unpacked',
      413,
      8,
      send(`${base}/v1/traces`, gzipSync(large), { 'content-type': json, 'content-encoding': 'gzip' }),
    ],
  ];
  for (const [what, http, rpc, sent] of cases) {
    const answer = await sent;
    const status = JSON.parse(answer.body.toString());
    assert.deepEqual([answer.status, answer.type, status.code], [http, json, rpc], what);
    assert.ok(status.message.length > 5, what);
    assert.equal(answer.allow, http === 405 ? 'POST' : undefined);
  }
  const bad = await send(`${base}/v1/traces`, Buffer.from([0x0a, 0x05, 1]), { 'content-type': protobuf });
  const status = decodeProtobuf('Status', bad.body) as { code: number; message: string };
  assert.deepEqual([bad.status, bad.type, status.code], [400, protobuf, 3]);
  assert.match(status.message, /protobuf/);
  assert.equal((await collector.store.counts()).spans, 0);
  assert.equal((await send(`${base}/v1/traces`, good, { 'content-type': json })).status, 200);
});

test('norm 30: a body without end is cut off, and others are served', async () => {
  await using collector = await startSampleCollector(1000);
  const { port } = new URL(collector.receiver.url);
  const socket = connect(Number(port), '127.0.0.1');
  const answer: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => answer.push(chunk));
  const ended = new Promise((resolve) => socket.on('close', resolve).on('error', () => undefined));
  socket.write(`POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${json}\r\ncontent-length: 100000000\r\n\r\n`);
  const chunk = Buffer.alloc(5000, ' ');
  socket.write(chunk);
  await ended;
  assert.match(Buffer.concat(answer).toString(), /^HTTP\/1.1 413 /);
  assert.equal(
    (await send(`${collector.receiver.url}/v1/traces`, Buffer.from('{}'), { 'content-type': json })).status,
    200,
  );
});

test('a sender that leaves in the middle of its body does no harm', async () => {
  await using collector = await startSampleCollector();
  const socket = connect(Number(new URL(collector.receiver.url).port), '127.0.0.1');
  const ended = new Promise((resolve) => socket.on('close', resolve).on('error', () => undefined));
  socket.write(`POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: ${json}\r\ncontent-length: 100\r\n\r\n{`, () =>
    socket.destroy(),
  );
  await ended;
  const url = `${collector.receiver.url}/v1/traces`;
  assert.equal((await send(url, jsonBody(0, 1), { 'content-type': json })).status, 200);
  assert.equal((await collector.store.counts()).spans, 1);
});

test('rows that could not be stored are not acknowledged, and the fault is told', async () => {
  await using collector = await startSampleCollector();
  const faults: unknown[] = [];
  const receiver = await startReceiver({ store: collector.store, onFault: (error) => faults.push(error) });
  await collector.store.close();
  const answer = await send(`${receiver.url}/v1/traces`, jsonBody(0, 1), { 'content-type': json });
  await receiver.close();
  assert.equal(answer.status, 500);
  assert.equal(JSON.parse(answer.body.toString()).code, 13);
  assert.deepEqual(
    faults.map((error) => (error as WeighbridgeError).code),
    ['STORE'],
  );
});

test('a port that is taken is named', async () => {
  await using collector = await startSampleCollector();
  const port = Number(new URL(collector.receiver.url).port);
  await assert.rejects(startReceiver({ store: collector.store, port }), (error) => {
    return error instanceof WeighbridgeError && error.code === 'PORT_TAKEN' && error.message.includes(String(port));
  });
});

test('many requests at once: every acknowledged span is counted', async () => {
  await using collector = await startSampleCollector();
  const url = `${collector.receiver.url}/v1/traces`;
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      send(url, i % 2 ? jsonBody(i * 50, 50) : protobufBody(i * 50, 50), { 'content-type': i % 2 ? json : protobuf }),
    ),
  );
  assert.ok(answers.every(({ status }) => status === 200));
  const counts = await collector.store.counts();
  assert.deepEqual([counts.spans, counts.spans_by_service], [2000, { 'weighbridge-gateway': 2000 }]);
});
