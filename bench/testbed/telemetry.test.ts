/** What both processes note: spans that join the caller's trace, and lines that join their span. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { ServiceTime } from '#contract/config.ts';
import { attr } from '#contract/names.ts';
import { toolsAudience } from '#contract/tools.ts';
import { startTestbed, type Testbed, testVaultSecret } from './testing.ts';
import { listen } from './tier.ts';
import { plannedServiceTime } from './tools/service_time.ts';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code?: number };
}
interface Line {
  traceId: string;
  spanId: string;
  attributes: { key: string; value: Record<string, unknown> }[];
}

/** OTLP kind SERVER and status ERROR. */
const serverKind = 2;
const errorStatus = 2;

let receiver: Server;
let bed: Testbed;
let token: string;
let spans: Span[] = [];
let lines: Line[] = [];

before(async () => {
  receiver = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    const message = JSON.parse(body);
    for (const r of message.resourceSpans ?? []) for (const s of r.scopeSpans) spans.push(...s.spans);
    for (const r of message.resourceLogs ?? []) for (const s of r.scopeLogs) lines.push(...s.logRecords);
    res.setHeader('content-type', 'application/json').end('{}');
  });
  const otlp = await listen(receiver);
  // With this anchor the exported times are the monotonic clock's, which all processes of a host share.
  bed = await startTestbed({ telemetry: { mode: 'light', otlp, anchor: { offset_ns: '0' } } });
  token = (await bed.authControl.call('mint', { client_id: 'agent', resource: toolsAudience, kind: 'good' })).token;
});
after(async () => {
  await bed.stop();
  receiver.close();
  receiver.closeAllConnections();
});
beforeEach(async () => {
  await collect();
  spans = [];
  lines = [];
});

async function collect() {
  const reports = [await bed.toolsControl.call('drain'), await bed.authControl.call('drain')];
  for (const report of reports) assert.equal(report.spans_dropped, 0);
  return reports;
}

const attributes = (record: { attributes: Span['attributes'] }): Record<string, unknown> =>
  Object.fromEntries(record.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${bed.tools.url}${path}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  await response.arrayBuffer();
  return response.status;
};

describe('the tools', () => {
  test('a call’s span joins the caller’s trace, within the caller’s time, with one line of its own', async () => {
    const before_ns = process.hrtime.bigint();
    await get('/files/a-file?x=1', { traceparent, 'weighbridge-call': 'b0-c1' });
    const after_ns = process.hrtime.bigint();
    await collect();
    assert.equal(spans.length, 1);
    const span = spans[0]!;
    assert.deepEqual(
      [span.traceId, span.parentSpanId, span.name, span.kind],
      ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 'GET /files/{id}', serverKind],
    );
    const noted = attributes(span);
    assert.equal(noted[attr.method], 'GET');
    assert.equal(Number(noted[attr.status]), 200);
    assert.equal(noted[attr.route], '/files/{id}');
    assert.equal(noted[attr.toolName], 'files');
    assert.equal(noted[attr.operation], 'files.read_file');
    assert.equal(noted[attr.call], 'b0-c1');
    assert.equal(Number(noted[attr.servicePlannedNs]), 0);
    assert.equal(Number(noted[attr.serviceNs]), 0);
    assert.ok(Number(noted[attr.tokenCheckNs]) > 0);
    assert.ok(BigInt(span.startTimeUnixNano) > before_ns);
    assert.ok(BigInt(span.endTimeUnixNano) < after_ns);
    assert.equal(lines.length, 1);
    assert.deepEqual([lines[0]!.traceId, lines[0]!.spanId], [span.traceId, span.spanId]);
  });

  test('a denial is noted with its cause, and is no error of the span', async () => {
    const { token: wrong } = await bed.authControl.call('mint', {
      client_id: 'agent',
      resource: toolsAudience,
      kind: 'expired',
    });
    assert.equal(await get('/mail/messages', { traceparent, authorization: `Bearer ${wrong}` }), 401);
    assert.equal(await get('/nowhere', { traceparent }), 404);
    await collect();
    const [denied, lost] = spans;
    assert.equal(attributes(denied!)[attr.cause], 'expired');
    assert.equal(Number(attributes(denied!)[attr.status]), 401);
    assert.equal(lost!.name, 'GET');
    for (const span of spans) {
      assert.notEqual(span.status.code, errorStatus);
      assert.equal(attributes(span)[attr.errorType], undefined);
    }
    assert.equal(lines.length, 2);
  });

  test('without a trace context, or with a bad one, a new trace begins', async () => {
    for (const headers of [{}, { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }, { traceparent: 'x' }]) {
      await get('/mail/messages', headers as Record<string, string>);
    }
    await collect();
    assert.equal(spans.length, 3);
    assert.equal(new Set(spans.map((s) => s.traceId)).size, 3);
    for (const span of spans) assert.ok(!span.parentSpanId);
  });

  test('the service time is planned from seed and key, the same in every run; the wait is noted as it was', async () => {
    const time: ServiceTime = { kind: 'lognormal', seed: 'b', median_us: 900, sigma: 0.4 };
    const keys = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6'];
    await bed.toolsControl.call('set_service_time', time);
    for (const key of keys) await get('/mail/messages', { 'weighbridge-call': key });
    await Promise.all(keys.map((key) => get('/mail/messages', { 'weighbridge-call': key })));
    await bed.toolsControl.call('set_service_time', { kind: 'instant' });
    await collect();
    assert.equal(spans.length, 12);
    for (const span of spans) {
      const noted = attributes(span);
      const planned_ns = Number(noted[attr.servicePlannedNs]);
      assert.equal(planned_ns, plannedServiceTime(time, String(noted[attr.call])));
      const waited_ns = Number(noted[attr.serviceNs]);
      assert.ok(waited_ns >= planned_ns, `${waited_ns} of ${planned_ns}`);
      assert.ok(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano) >= BigInt(waited_ns));
    }
    await assert.rejects(bed.toolsControl.call('set_service_time', { ...time, sigma: -1 }), { code: 'CONFIG' });
  });

  test('what is refused waits for nothing', async () => {
    await bed.toolsControl.call('set_service_time', { kind: 'lognormal', seed: 'b', median_us: 900, sigma: 0.4 });
    await get('/mail/messages', { authorization: 'Bearer nonsense' });
    await bed.toolsControl.call('set_service_time', { kind: 'instant' });
    await collect();
    assert.equal(attributes(spans[0]!)[attr.serviceNs], undefined);
  });
});

describe('the authorization server', () => {
  const request = async (headers: Record<string, string>, secret = testVaultSecret) => {
    const response = await fetch(bed.auth.token_endpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`vault:${secret}`)}`, ...headers },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read:mail', resource: toolsAudience }),
    });
    return { status: response.status, text: await response.text() };
  };

  test('a token request within a trace shows in it, inside the caller’s time', async () => {
    const before_ns = process.hrtime.bigint();
    assert.equal((await request({ traceparent })).status, 200);
    const after_ns = process.hrtime.bigint();
    assert.equal((await request({ traceparent }, 'wrong')).status, 401);
    await request({});
    const [, auth] = await collect();
    assert.equal(auth!.spans_started, 2);
    assert.equal(auth!.request_log_lines, 2);
    const [span, refused] = spans;
    assert.deepEqual(
      [span!.traceId, span!.parentSpanId, span!.name, span!.kind],
      ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 'POST /token', serverKind],
    );
    assert.ok(BigInt(span!.startTimeUnixNano) > before_ns && BigInt(span!.endTimeUnixNano) < after_ns);
    assert.equal(Number(attributes(refused!)[attr.status]), 401);
    assert.notEqual(refused!.status.code, errorStatus);
    assert.deepEqual(
      lines.map((line) => line.spanId),
      spans.map((s) => s.spanId),
    );
  });

  test('no secret and no token is in anything that was noted (norm 33)', async () => {
    const answer = await request({ traceparent });
    await request({ traceparent }, 'a-wrong-secret');
    await get('/mail/messages', { authorization: 'Bearer a-planted-token' });
    await collect();
    const noted = JSON.stringify([spans, lines]);
    assert.ok(noted.length > 500);
    const { access_token } = JSON.parse(answer.text) as { access_token: string };
    for (const secret of [testVaultSecret, 'a-wrong-secret', access_token, token, 'a-planted-token', bed.push_secret]) {
      assert.ok(!noted.includes(secret));
    }
  });
});
