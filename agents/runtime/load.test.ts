/**
 * The traps of load generators, as servers of known behaviour: each of them has made a well-known tool, or a simpler
 * loop, tell something that was not so. Bounds are counts and lower bounds of time, so that a busy machine breaks none.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ClosedPace, type LoadOrder, type LoadOutcome, type LoadReport, loadOutcomes } from '#contract/calls.ts';
import { seededRandom } from '#contract/random.ts';
import { taskHeader } from '#contract/tools.ts';
import { dueTimes, type Schedule } from '../../bench/load/schedule.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { toolsHost } from '../plugins/catalogue.ts';
import { agentConfig, agentHere, endAgent, type Overrides, plannedCall, startAgent } from '../testing/agents.ts';
import { constantServer, freezingServer, nowNs, queueingServer, refusingServer } from '../testing/known-servers.ts';
import { deadUrl, type TestServer } from '../testing/servers.ts';

let bed: Testbed;
before(async () => {
  bed = await startTestbed();
});
after(() => bed.stop());

const ms = 1e6;

/** One call every `gap_ms`. */
const evenly = (calls: number, gap_ms: number): Float64Array =>
  Float64Array.from({ length: calls }, (_, i) => Math.round(i * gap_ms * ms));

const searches = (pace: LoadOrder['pace'], key = 'load'): LoadOrder => ({
  block: 0,
  key,
  calls: [plannedCall('search.query')],
  pace,
});
const open = (due_ns: Float64Array, max_in_flight = 10_000): LoadOrder =>
  searches({ kind: 'open', due_ns, max_in_flight });
const closed = (workers: number, max_calls: number, duration_ms: number | null = null): LoadOrder =>
  searches({ kind: 'closed', workers, max_calls, duration_ms } satisfies ClosedPace);

/** Start times in the report are monotonic, as the servers' are. */
const telemetry = {
  service: 'weighbridge-agent',
  instance: 'agent/test',
  mode: 'off',
  anchor: { offset_ns: '0' },
} as const;

async function load(url: string, order: LoadOrder, overrides: Overrides = {}): Promise<LoadReport> {
  const agent = await agentHere(bed, 'off', { directory: { [toolsHost]: url }, telemetry, ...overrides });
  try {
    return await agent.runLoad(order);
  } finally {
    await agent.close();
  }
}

const count = (report: LoadReport, outcome: LoadOutcome): number =>
  report.outcome.filter((code) => loadOutcomes[code] === outcome).length;
const longer = (report: LoadReport, than_ms: number): number =>
  report.latency_ns.filter((ns) => ns >= than_ms * ms).length;
const ascending = (ns: Float64Array): Float64Array => Float64Array.from(ns).sort();
const sum = (xs: Iterable<number>): number => {
  let total = 0;
  for (const x of xs) total += x;
  return total;
};

/** Columns of one length, and nobody started before being due. */
function assertSound(report: LoadReport, calls: number): void {
  for (const column of [report.due_ns, report.lag_ns, report.latency_ns, report.outcome, report.attempts]) {
    assert.equal(column.length, calls);
  }
  assert.ok(report.lag_ns.every((ns) => ns >= 0));
  assert.ok(report.latency_ns.every((ns, i) => ns >= report.lag_ns[i]!));
}

describe('a constant 100 ms', () => {
  const service_ms = 100;
  const orders: [string, LoadOrder, number][] = [
    ['open loop, two at once', open(evenly(20, 50)), 20],
    ['open loop, twenty at once', open(evenly(200, 5)), 200],
    ['open loop, all at once', open(evenly(200, 0)), 200],
    ['closed loop, one worker', closed(1, 5), 5],
    ['closed loop, forty workers', closed(40, 200), 200],
  ];
  for (const [name, order, calls] of orders) {
    test(name, async () => {
      await using server = await constantServer(service_ms);
      const report = await load(server.url, order);
      assertSound(report, calls);
      assert.equal(server.requests.length, calls, 'a sample per request, none made up');
      assert.equal(count(report, 'ok'), calls);
      assert.ok(
        report.latency_ns.every((ns) => ns >= service_ms * ms),
        'corrections have made 52 ms of this',
      );
      assert.ok(report.elapsed_ns >= Math.max(...report.due_ns) + service_ms * ms);
      // The known answer; upwards with room for a busy machine.
      const p50 = ascending(report.latency_ns)[Math.floor(calls / 2)]!;
      assert.ok(p50 < 10 * service_ms * ms, `p50 ${p50 / ms} ms`);
    });
  }

  test('an open loop does not wait for answers', async () => {
    await using server = await constantServer(service_ms);
    const report = await load(server.url, open(evenly(200, 0)));
    assert.equal(report.in_flight_peak, 200);
    assert.equal(report.connections_opened, 200);
  });

  test('a closed loop never has more under way than workers, and ends by count or by time', async () => {
    await using server = await constantServer(service_ms);
    const counted = await load(server.url, closed(4, 20));
    assert.equal(counted.in_flight_peak, 4);
    assert.equal(counted.connections_opened, 4);
    const timed = await load(server.url, closed(4, 10_000, 250));
    assertSound(timed, timed.outcome.length);
    // In 250 ms a worker starts three calls of 100 ms at most.
    assert.ok(timed.outcome.length >= 4 && timed.outcome.length <= 12);
    assert.ok(timed.due_ns.every((ns) => ns < 250 * ms));
  });

  test('the calls of a closed-loop worker follow one another', async () => {
    await using server = await constantServer(20);
    const report = await load(server.url, closed(1, 20));
    for (let i = 1; i < 20; i++) assert.equal(report.due_ns[i], report.due_ns[i - 1]! + report.latency_ns[i - 1]!);
    assert.ok(sum(report.latency_ns) <= report.elapsed_ns, 'no time counts twice');
  });
});

describe('every schedule is kept to the nanosecond, and paced', () => {
  const schedules: Schedule[] = [
    { kind: 'constant', rate_per_s: 200, duration_s: 0.5 },
    { kind: 'poisson', rate_per_s: 200, duration_s: 0.5 },
    { kind: 'ramp', from_per_s: 50, to_per_s: 350, duration_s: 0.5, arrivals: 'poisson' },
    { kind: 'step', rates_per_s: [50, 350], each_s: 0.25, arrivals: 'even' },
  ];
  for (const schedule of schedules) {
    test(schedule.kind, async () => {
      const due_ns = dueTimes(schedule, seededRandom(`load/${schedule.kind}`));
      await using server = await constantServer(0);
      const report = await load(server.url, open(due_ns));
      assertSound(report, due_ns.length);
      assert.deepEqual(report.due_ns, due_ns);
      assert.equal(count(report, 'ok'), due_ns.length);
      assert.equal(server.requests.length, due_ns.length);
      assert.ok(report.elapsed_ns >= due_ns.at(-1)!, 'none was sent ahead of the schedule');
    });
  }
});

describe('a freeze of 1 s', () => {
  const gap_ms = 5;
  const calls = 400;

  test('an open loop shows every call that it held up', async () => {
    await using server = await freezingServer(100, 1_000);
    const report = await load(server.url, open(evenly(calls, gap_ms)));
    assertSound(report, calls);
    assert.equal(count(report, 'ok'), calls);
    const from_ns = Number(server.from_ns - report.start_ns);
    const to_ns = Number(server.to_ns - report.start_ns);
    const due = report.due_ns.filter((ns) => ns >= from_ns && ns <= to_ns - 500 * ms).length;
    assert.ok(due >= 99, `${due} calls are due in half a second`);
    assert.ok(longer(report, 500) >= due);
    assert.ok(server.held >= due);
    // 1 % of the calls is due in the first 20 ms of it.
    assert.ok(ascending(report.latency_ns)[Math.floor(0.99 * (calls - 1))]! >= 950 * ms);
  });

  test('a closed loop hides all but one call per worker', async () => {
    await using server = await freezingServer(100, 1_000);
    const report = await load(server.url, closed(4, 1_000_000, 1_600));
    assert.ok(server.held >= 1 && server.held <= 4, `${server.held} held`);
    assert.equal(report.outcome.length, server.requests.length);
  });
});

describe('1 % of 401 with Connection: close', () => {
  const refused = (call: string): boolean => Number(call.split('-').at(-1)) % 100 === 7;
  const refusals = 5;
  for (const [name, order] of [
    ['open loop', open(evenly(500, 2))],
    ['closed loop, one worker', closed(1, 500)],
    ['closed loop, eight workers', closed(8, 500)],
  ] as const) {
    test(`${name}: each is counted once and tried again once, and no sample is lost`, async () => {
      await using server = await refusingServer(refused);
      const report = await load(server.url, order);
      assertSound(report, 500);
      assert.equal(count(report, 'ok'), 500);
      assert.equal(server.requests.length, 500 + refusals);
      report.unauthorized.forEach((n, i) => void assert.equal(n, refused(`load-${i}`) ? 1 : 0));
      report.attempts.forEach((n, i) => void assert.equal(n, server.seen.get(`load-${i}`)));
      assert.equal(sum(report.attempts), 500 + refusals);
      assert.deepEqual(report.refusals, [{ cause: 'unknown', count: refusals }]);
      assert.ok(report.connections_opened > refusals);
      if (order.pace.kind === 'closed') {
        // Answers matched to older starts would make the workers' time longer than it was.
        assert.ok(sum(report.latency_ns) <= report.elapsed_ns * order.pace.workers);
      }
    });
  }
});

describe('overload', () => {
  test('twice the capacity: what is not sent is counted, and no more is under way than may be', async () => {
    const bound = 10;
    const service_ms = 10;
    const calls = 600;
    await using server = await queueingServer(service_ms);
    const report = await load(server.url, open(evenly(calls, service_ms / 2), bound));
    assertSound(report, calls);
    const unsent = count(report, 'unsent');
    assert.equal(count(report, 'ok') + unsent, calls);
    assert.equal(server.requests.length, calls - unsent);
    // Half of 600 less the bound, on time; to find room for more, the generator would have to be seconds late.
    assert.ok(unsent >= 50, `${unsent} unsent`);
    assert.equal(report.in_flight_peak, bound);
    assert.ok(server.most >= 1 && server.most <= bound);
    report.outcome.forEach((code, i) => {
      if (loadOutcomes[code] !== 'unsent') return;
      assert.ok(report.latency_ns[i]! >= report.timeout_ns && report.attempts[i] === 0);
    });
    // Where the bound was reached, the last in the queue waited for all before it.
    const sent = report.latency_ns.filter((_, i) => loadOutcomes[report.outcome[i]!] !== 'unsent');
    assert.ok(Math.max(...sent) >= (bound - 1) * service_ms * ms);
  });

  test('closed loop, more workers than the server takes at once: all are served, and the queue’s wait is in the times', async () => {
    const workers = 20;
    const service_ms = 10;
    const calls = 200;
    await using server = await queueingServer(service_ms);
    const report = await load(server.url, closed(workers, calls));
    assertSound(report, calls);
    assert.equal(count(report, 'ok'), calls);
    assert.equal(report.in_flight_peak, workers);
    assert.ok(server.most <= workers);
    // One at a time: more cannot have been served in that time.
    assert.ok(report.elapsed_ns >= calls * service_ms * ms);
    // Little's law: workers that are always waiting share that time; the first and the last queue is not a full one.
    assert.ok(sum(report.latency_ns) / calls >= (workers / 2) * service_ms * ms);
    assert.ok(sum(report.latency_ns) <= report.elapsed_ns * workers, 'no time counts twice');
  });

  test('closed loop: timeouts are recorded as at least the timeout, and failures are on the tape', async () => {
    await using server = await constantServer(2_000);
    const waited = await load(server.url, closed(2, 4), { call_timeout_ms: 200 });
    assert.equal(count(waited, 'timeout'), 4);
    assert.ok(waited.latency_ns.every((ns) => ns >= 200 * ms));
    const nobody = await load(await deadUrl(), closed(2, 20));
    assertSound(nobody, 20);
    assert.equal(count(nobody, 'failed'), 20);
  });

  test('timeouts are recorded as at least the timeout', async () => {
    await using server = await constantServer(2_000);
    const report = await load(server.url, open(evenly(10, 1)), { call_timeout_ms: 200 });
    assert.equal(count(report, 'timeout'), 10);
    assert.equal(report.timeout_ns, 200 * ms);
    assert.ok(report.latency_ns.every((ns) => ns >= 200 * ms));
  });

  test('a server that is not there fails every call, and each is on the tape', async () => {
    const report = await load(await deadUrl(), open(evenly(20, 1)));
    assertSound(report, 20);
    assert.equal(count(report, 'failed'), 20);
  });

  test('the generator owns up to its own lateness', async () => {
    await using server = await constantServer(1);
    let from_ns = 0n;
    let to_ns = 0n;
    const agent = await agentHere(bed, 'off', { directory: { [toolsHost]: server.url }, telemetry });
    try {
      const running = agent.runLoad(open(evenly(600, 2)));
      await arrivals(server, 50);
      from_ns = nowNs();
      while (nowNs() < from_ns + 200_000_000n);
      to_ns = nowNs();
      const report = await running;
      assertSound(report, 600);
      assert.equal(count(report, 'ok'), 600);
      const blocked = [...report.due_ns].map((ns, i) => ({
        dueNs: report.start_ns + BigInt(ns),
        lag: report.lag_ns[i]!,
      }));
      const late = blocked.filter(({ dueNs }) => dueNs >= from_ns && dueNs < to_ns);
      assert.ok(late.length >= 50);
      for (const { dueNs, lag } of late) assert.ok(lag >= Number(to_ns - dueNs));
    } finally {
      await agent.close();
    }
  });
});

/** Resolves once the server has had so many requests. */
async function arrivals(server: TestServer, requests: number): Promise<void> {
  while (server.requests.length < requests) await new Promise((next) => setImmediate(next));
}

test('an agent’s process takes the order and hands the columns over', async () => {
  await using server = await constantServer(5);
  const client = startAgent();
  try {
    await client.call('configure', agentConfig(bed, 'on', { directory: { [toolsHost]: server.url }, telemetry }));
    await client.call('login');
    const report = await client.call('run_load', open(evenly(100, 2)));
    assertSound(report, 100);
    assert.ok(report.due_ns instanceof Float64Array && report.outcome instanceof Uint8Array);
    assert.equal(count(report, 'ok'), 100);
    assert.deepEqual(report.due_ns, evenly(100, 2));
    await assert.rejects(client.call('run_load', closed(0, 1)), { code: 'CONFIG' });
    const again = await client.call('run_load', closed(2, 50));
    assert.equal(count(again, 'ok'), 50);
  } finally {
    await endAgent(client);
  }
});

describe('orders', () => {
  test('call i is named key-i, takes the calls in turn, and has its index as position', async () => {
    await using server = await refusingServer(() => false);
    const order = open(evenly(5, 1));
    order.calls = [plannedCall('search.query', { args: { q: 'a', limit: 1 } }), plannedCall('mail.list_messages')];
    await load(server.url, order);
    assert.deepEqual(
      [...new Set(server.requests.map((req) => req.headers[taskHeader]))],
      [undefined],
      'none names a task',
    );
    assert.deepEqual([...server.seen.keys()].sort(), ['load-0', 'load-1', 'load-2', 'load-3', 'load-4']);
    const paths = server.requests.map((req) => `${req.method} ${req.url?.split('?')[0]}`);
    assert.equal(paths.filter((path) => path === 'POST /search/query').length, 3);
    assert.equal(paths.filter((path) => path === 'GET /mail/messages').length, 2);
  });

  for (const [name, order] of [
    ['no calls', { ...closed(1, 1), calls: [] }],
    ['no due times', open(new Float64Array())],
    ['due times that go back', open(Float64Array.of(1, 0))],
    ['due times before the start', open(Float64Array.of(-1))],
    ['a due time that is none', open(Float64Array.of(Number.NaN))],
    ['no room for a call', open(evenly(1, 1), 0)],
    ['no worker', closed(0, 1)],
    ['a closed loop without end', closed(1, Number.POSITIVE_INFINITY)],
    ['a plugin that is not there', { ...closed(1, 1), calls: [plannedCall('search.query', { plugin: 'nobody' })] }],
  ] as [string, LoadOrder][]) {
    test(`refused before anything goes out: ${name}`, async () => {
      await using server = await constantServer(1);
      await assert.rejects(load(server.url, order), { code: 'CONFIG' });
      assert.equal(server.requests.length, 0);
    });
  }
});
