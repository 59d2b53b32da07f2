/** The probe against servers of known behaviour, and what autocannon's own figures make of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import autocannon from 'autocannon';
import type { ProbeOrder } from '#contract/calls.ts';
import { constantServer, freezingServer, queueingServer } from '../../agents/testing/known-servers.ts';
import { deadUrl, serve, type TestServer } from '../../agents/testing/servers.ts';
import { defaultFigures, stepFigures } from './figures.ts';
import { probe } from './probe.ts';
import { probeReport } from './probeReport.ts';

const options = (url: string, change: Partial<ProbeOrder> = {}): ProbeOrder => ({
  url,
  method: 'GET',
  connections: 4,
  duration_s: 0.6,
  timeout_s: 5,
  max_samples: 100_000,
  ...change,
});
const sum = (xs: Iterable<number>): number => [...xs].reduce((total, x) => total + x, 0);

/** Answers after 5 ms; every so many times by a 401 that closes the connection. */
const closingServer = (every = 5): Promise<TestServer> => {
  let requests = 0;
  return serve((_req, res) => {
    const closes = ++requests % every === 0;
    setTimeout(() => {
      if (closes) res.writeHead(401, { connection: 'close' }).end();
      else res.end('ok');
    }, 5);
  });
};

describe('probe', () => {
  test('a port that refuses: no more samples than requests, and none from before its own request', async () => {
    const samples = await probe(options(await deadUrl()));
    assert.ok(samples.errors > 0);
    assert.ok(samples.latency_us.length <= samples.requests && samples.unanswered >= 0);
    assert.ok(samples.latency_us.every((us, i) => us >= 0 && us <= samples.end_us[i]!));
  });

  test('a constant 100 ms: a sample per request, none shorter, none made up', async () => {
    await using server = await constantServer(100);
    const samples = await probe(options(server.url));
    assert.ok(samples.answered >= 1);
    assert.equal(samples.latency_us.length, samples.answered);
    assert.ok(samples.latency_us.every((us) => us >= 100_000));
    // Corrections have made 52 ms of this. Upwards the bound leaves room for a busy machine.
    const { p50 } = stepFigures([probeReport(samples, { connections: 4, timeout_s: 5 }).report], {
      ...defaultFigures,
      discard: 0,
      least_calls: { p50: 1, p95: 300, p99: 2_000 },
    });
    assert.ok(p50!.us >= 100_000 && p50!.us < 1_000_000, `p50 ${p50!.us} µs`);
    assert.ok(samples.status.every((status) => status === 200));
    assert.ok(samples.answered <= server.requests.length);
    assert.equal(samples.requests, samples.answered + samples.unanswered);
    assert.ok(samples.unanswered <= 4, 'one per connection at the end');
    assert.equal(samples.connections, 4, 'kept open');
  });

  test('a freeze of 1 s: a closed loop shows it to one request a connection, and to none as more than there was', async () => {
    await using server = await freezingServer(100, 1_000);
    const samples = await probe(options(server.url, { connections: 4, duration_s: 1.6 }));
    assert.ok(server.held >= 1 && server.held <= 4, `${server.held} held`);
    assert.ok(Math.max(...samples.latency_us) >= 300_000, 'the freeze itself is in the samples');
    assert.equal(samples.latency_us.length, samples.answered);
    assert.ok(sum(samples.latency_us) <= samples.elapsed_us * 4);
  });

  test('overload: no more is under way than connections, and the queue’s wait is in the samples', async () => {
    const connections = 10;
    const service_ms = 10;
    await using server = await queueingServer(service_ms);
    const samples = await probe(options(server.url, { connections, duration_s: 1.5 }));
    assert.ok(server.most >= 1 && server.most <= connections);
    assert.equal(samples.latency_us.length, samples.answered);
    // One request at a time: so many answers cannot have taken less.
    assert.ok(samples.answered <= samples.elapsed_us / (service_ms * 1000) + 1);
    // Whoever came when all others were in the queue waited for each of them.
    if (server.most === connections)
      assert.ok(Math.max(...samples.latency_us) >= (connections - 1) * service_ms * 1000);
    assert.ok(sum(samples.latency_us) <= samples.elapsed_us * connections, 'no time counts twice');
  });

  test('1 % of 401 with Connection: close: a 5 ms server is not made slower than its own time allows', async () => {
    await using server = await closingServer(100);
    const samples = await probe(options(server.url, { connections: 8, duration_s: 1.5 }));
    const refused = samples.status.filter((status) => status === 401).length;
    assert.ok(refused >= 1, `${samples.answered} answers`);
    assert.equal(samples.answered, samples.latency_us.length);
    // By older starts the times of 8 connections would add up to more than there was.
    assert.ok(sum(samples.latency_us) <= samples.elapsed_us * 8);
    assert.ok(samples.requests <= server.requests.length + samples.errors + samples.unanswered);
  });

  test('closed connections: answers keep their own start, lost requests are counted', async () => {
    await using server = await closingServer();
    const samples = await probe(options(server.url, { connections: 1 }));
    const refused = samples.status.filter((status) => status === 401).length;
    assert.ok(refused >= 1);
    assert.equal(samples.answered, samples.latency_us.length);
    assert.ok(samples.answered <= server.requests.length);
    // One request at a time: their times cannot add up to more than there was.
    assert.ok(sum(samples.latency_us) <= samples.elapsed_us);
    // autocannon writes the next request to the connection that is closing.
    assert.ok(samples.unanswered + samples.errors >= refused - 1);
    assert.ok(samples.connections >= refused && samples.connections <= samples.requests, 'a new one for each');
  });

  test('the same server by autocannon’s own times: more time than there was', async () => {
    await using server = await closingServer();
    const startedNs = process.hrtime.bigint();
    let total_ms = 0;
    let answered = 0;
    await new Promise<void>((resolve, reject) => {
      autocannon({ url: server.url, connections: 1, amount: 60 }, (error) => (error ? reject(error) : resolve())).on(
        'response',
        (_client, _status, _bytes, response_ms) => {
          total_ms += response_ms;
          answered++;
        },
      );
    });
    assert.ok(answered >= 30);
    const elapsed_ms = Number(process.hrtime.bigint() - startedNs) / 1e6;
    assert.ok(total_ms > elapsed_ms, `${total_ms} ms of answers in ${elapsed_ms} ms: else autocannon was mended`);
  });

  test('timeouts and failures are samples', async () => {
    await using silent = await serve(() => {});
    const waited = await probe(options(silent.url, { connections: 2, duration_s: 1.5, timeout_s: 1 }));
    assert.ok(waited.timeouts >= 2);
    assert.equal(waited.latency_us.length, waited.timeouts);
    assert.ok(waited.latency_us.every((us) => us >= 1_000_000));
    assert.ok(waited.status.every((status) => status === 0));
    const nobody = await probe(options(await deadUrl(), { duration_s: 60 }));
    assert.equal(nobody.answered, 0);
    assert.ok(nobody.errors >= 100, 'the probe gives up long before its time');
  });

  test('no more samples are kept than asked for', async () => {
    await using server = await serve((_req, res) => void res.end('ok'));
    const samples = await probe(options(server.url, { max_samples: 50, duration_s: 60 }));
    assert.deepEqual([samples.latency_us.length, samples.status.length, samples.end_us.length], [50, 50, 50]);
    assert.ok(samples.end_us.every((us, i) => i === 0 || us >= samples.end_us[i - 1]!));
  });

  test('what is sent: method, headers, body', async () => {
    await using server = await serve((_req, res) => void res.end('ok'));
    const sent = { method: 'POST', headers: { 'x-probe': 'yes' }, body: '{"q":"a"}' } as const;
    await probe(options(`${server.url}/search/query`, { ...sent, max_samples: 3 }));
    const [first] = server.requests;
    assert.deepEqual([first!.method, first!.url, first!.headers['x-probe']], ['POST', '/search/query', 'yes']);
    assert.equal(first!.headers['content-length'], '9');
  });

  test('refused: https, whose certificates would go unchecked, and numbers that are none', async () => {
    for (const change of [
      { url: 'https://127.0.0.1:1/' },
      { url: 'nowhere' },
      { connections: 0 },
      { max_samples: 0 },
      { duration_s: 0 },
      { timeout_s: 0.5 },
    ]) {
      await assert.rejects(probe(options('http://127.0.0.1:9/', change)), { code: 'CONFIG' });
    }
  });
});
