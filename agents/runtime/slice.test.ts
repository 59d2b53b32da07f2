import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { CallRow } from '#contract/calls.ts';
import { callHeader, denialDescription, taskHeader } from '#contract/tools.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { agentHere, everyOperation, type Overrides, oneByOne, plannedTask, sliceOrder } from '../testing/agents.ts';
import { deadUrl, serve } from '../testing/servers.ts';
import type { Agent } from './agent.ts';

let bed: Testbed;
let agent: Agent;
before(async () => {
  bed = await startTestbed();
  agent = await agentHere(bed, 'off');
});
after(async () => {
  await agent.close();
  await bed.stop();
});

const inOrder = (calls: CallRow[]): CallRow[] => [...calls].sort((a, b) => a.position - b.position);

describe('due times', () => {
  test('stages follow one another, the calls of a stage share what they are due to', async () => {
    const tasks = [
      plannedTask([['search.query'], ['mail.list_messages', 'files.read_file', 'search.query'], ['mail.send_message']]),
      plannedTask([['search.query']]),
    ];
    const { calls } = await agent.runSlice(sliceOrder(tasks));
    const [first, b, c, d, last, next] = inOrder(calls);
    const stage = [b!, c!, d!];
    for (const call of stage) assert.equal(call.due_ns, first!.end_ns);
    assert.equal(
      last!.due_ns,
      stage.map((s) => s.end_ns).reduce((x, y) => (x > y ? x : y)),
    );
    assert.equal(next!.due_ns, last!.end_ns, 'the next task of the lane is due when the last one has ended');
    for (const call of calls) {
      assert.equal(call.latency_ns, call.end_ns - call.due_ns);
      assert.ok(
        call.start_ns >= call.due_ns && call.first_byte_ns! > call.start_ns && call.end_ns >= call.first_byte_ns!,
      );
    }
  });

  test('all lanes are due when the slice starts, and no more of them run than were ordered', async () => {
    const { calls } = await agent.runSlice(sliceOrder(oneByOne(12, ['search.query']), { concurrency: 3 }));
    const dues = inOrder(calls).map((c) => c.due_ns);
    assert.equal(new Set(dues.slice(0, 3)).size, 1);
    for (const due of dues.slice(3)) assert.ok(calls.some((c) => c.end_ns === due));
    for (const call of calls) {
      const atOnce = calls.filter((c) => c.start_ns <= call.start_ns && call.start_ns < c.end_ns);
      assert.ok(atOnce.length <= 3);
    }
  });

  test('think time puts a stage off, and nobody starts before being due', async () => {
    const think_time_us = 7_300;
    const tasks = [plannedTask([['search.query'], ['search.query']]), plannedTask([['search.query']])];
    const { calls } = await agent.runSlice(sliceOrder(tasks, { think_time_us }));
    const [first, second, third] = inOrder(calls);
    assert.equal(second!.due_ns - first!.end_ns, 7_300_000n);
    assert.equal(third!.due_ns - second!.end_ns, 7_300_000n);
    for (const call of calls) assert.ok(call.start_ns >= call.due_ns);
  });
});

test('rows carry the order’s columns, and lead-in by position', async () => {
  const order = sliceOrder(oneByOne(5), {
    phase: 'latency',
    workload: 'w',
    condition: 'instant/c1/http',
    block: 3,
    round: 4,
    slice: 5,
    lead_in: 2,
  });
  const { calls, attempts } = await agent.runSlice(order);
  assert.deepEqual(
    inOrder(calls).map((c) => [c.position, c.lead_in]),
    [0, 1, 2, 3, 4].map((p) => [p, p < 2]),
  );
  const [call] = inOrder(calls);
  const planned = order.tasks[0]!.stages[0]![0]!;
  const { trace_id, due_ns, start_ns, first_byte_ns, end_ns, latency_ns, ...rest } = call!;
  assert.deepEqual(rest, {
    phase: 'latency',
    workload: 'w',
    condition: 'instant/c1/http',
    arm: 'test',
    block: 3,
    round: 4,
    slice: 5,
    position: 0,
    lead_in: true,
    call_id: planned.call_id,
    task: order.tasks[0]!.task,
    plugin: planned.plugin,
    tool: planned.tool,
    operation: planned.operation,
    class: planned.class,
    protocol: 'http',
    agent_id: 'agent',
    tenant: 'acme',
    attempts: 1,
    unauthorized: 0,
    status: 200,
    outcome: 'ok',
    denied_by: null,
    error_type: null,
  });
  assert.match(trace_id, /^[0-9a-f]{32}$/);
  assert.equal(new Set(calls.map((c) => c.trace_id)).size, 5);
  for (const attempt of attempts) {
    const own = calls.find((c) => c.call_id === attempt.call_id)!;
    assert.equal(attempt.trace_id, own.trace_id);
    assert.ok(attempt.start_ns >= own.start_ns && attempt.end_ns <= own.end_ns);
    assert.equal(attempt.first_byte_ns, own.first_byte_ns);
    assert.deepEqual(
      [attempt.leg, attempt.attempt, attempt.status, attempt.cause, attempt.block],
      ['agent', 1, own.status, null, 3],
    );
  }
});

test('every operation of the catalogue is served', async () => {
  const { calls } = await agent.runSlice(sliceOrder(oneByOne(everyOperation.length), { concurrency: 4 }));
  assert.equal(calls.length, everyOperation.length);
  for (const call of calls) assert.deepEqual([call.outcome, call.error_type], ['ok', null], call.operation);
});

test('a call that the agent does not know is a fault of the plan, and named', async () => {
  const unknown = sliceOrder(oneByOne(1));
  unknown.tasks[0]!.stages[0]![0]!.plugin = 'nobody';
  await assert.rejects(agent.runSlice(unknown), /the agent knows no plugin nobody/);
});

type Answer = (res: ServerResponse) => void;
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => {
  return (res) => void res.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
};

/** How one search ends against a tool that answers so. */
async function ending(answer: Answer, overrides: Overrides = {}): Promise<CallRow> {
  await using tool = await serve((_req, res) => answer(res));
  return await endingAt(tool.url, overrides);
}
async function endingAt(url: string, overrides: Overrides = {}): Promise<CallRow> {
  const own = await agentHere(bed, 'off', { directory: { 'tools.weighbridge.test': url }, ...overrides });
  try {
    const { calls, attempts } = await own.runSlice(sliceOrder(oneByOne(1, ['search.query'])));
    assert.equal(attempts.length, calls[0]!.attempts);
    assert.equal(attempts.at(-1)!.status, calls[0]!.status);
    return calls[0]!;
  } finally {
    await own.close();
  }
}
const summary = ({ outcome, denied_by, error_type, status, attempts }: CallRow) => [
  outcome,
  denied_by,
  error_type,
  status,
  attempts,
];

describe('endings', () => {
  const good = { ok: true, tool: 'search', operation: 'query', digest: '', result: null };
  const revoked = `Bearer error="invalid_token", error_description="${denialDescription.revoked}"`;

  for (const [name, answer, expected, overrides] of [
    ['a success', json(200, good), ['ok', null, null, 200, 1]],
    ['broken JSON', json(200, '{"ok":tru'), ['failed', null, 'bad_answer', 200, 1]],
    ['an empty success', json(200, ''), ['failed', null, 'bad_answer', 200, 1]],
    ['JSON that is no answer', json(200, 'null'), ['failed', null, 'bad_answer', 200, 1]],
    ['an answer to something else', json(200, { ...good, operation: 'index' }), ['failed', null, 'bad_answer', 200, 1]],
    ['another success', json(202, good), ['failed', null, 'unexpected_status', 202, 1]],
    ['a redirect', json(307, '', { location: '/' }), ['failed', null, 'redirect', 307, 1]],
    ['404', json(404, ''), ['failed', null, '404', 404, 1]],
    ['500', json(500, 'oops'), ['failed', null, '500', 500, 1]],
    ['403 of the tool', json(403, ''), ['denied', 'tool', 'forbidden', 403, 1]],
    ['401 that stays', json(401, '', { 'www-authenticate': revoked }), ['denied', 'tool', 'unauthorized', 401, 2]],
    [
      '403 of our gateway',
      json(403, '', { 'weighbridge-denied-by': 'gateway/policy' }),
      ['denied', 'gateway/policy', 'forbidden', 403, 1],
    ],
    [
      '429 of our gateway',
      json(429, '', { 'weighbridge-denied-by': 'gateway/rate_limit' }),
      ['denied', 'gateway/rate_limit', '429', 429, 1],
    ],
    [
      'a control’s name that is none',
      json(403, '', { 'weighbridge-denied-by': '<b>me</b>' }),
      ['denied', 'gateway', 'forbidden', 403, 1],
    ],
    ['a denial as configured', json(451, ''), ['denied', 'gateway', '451', 451, 1], { deny: [{ http: 451 }] }],
    ['no answer in time', () => {}, ['timeout', null, 'timeout', null, 1], { call_timeout_ms: 300 }],
    [
      'a peer that hangs up',
      (res: ServerResponse) => void res.socket!.destroy(),
      ['failed', null, 'UND_ERR_SOCKET', null, 1],
    ],
  ] as [string, Answer, unknown[], Overrides?][]) {
    test(name, async () => assert.deepEqual(summary(await ending(answer, overrides)), expected));
  }

  test('nobody listens', async () => {
    const row = await endingAt(await deadUrl());
    assert.deepEqual(summary(row), ['failed', null, 'ECONNREFUSED', null, 1]);
    assert.equal(row.first_byte_ns, null);
  });
});

test('what the agent sends: token, call key, task, trace context, and the body as JSON', async () => {
  await using tool = await serve((_req, res) => void res.writeHead(404).end());
  const telemetry = { service: 'weighbridge-agent', instance: 'agent/test', mode: 'spans' } as const;
  const { trace_id, call_id, task } = await endingAt(tool.url, { telemetry });
  const [{ headers, method, url }] = tool.requests as [(typeof tool.requests)[number]];
  assert.deepEqual([method, url], ['POST', '/search/query']);
  assert.match(headers.authorization!, /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal(headers[callHeader], call_id);
  assert.ok(task.length > 0);
  assert.equal(headers[taskHeader], task);
  assert.match(headers.traceparent as string, new RegExp(`^00-${trace_id}-[0-9a-f]{16}-01$`));
  assert.equal(headers['content-type'], 'application/json');
});

test('an agent that notes nothing sends no trace context, and its calls have ids all the same', async () => {
  await using tool = await serve((_req, res) => void res.writeHead(404).end());
  const { trace_id } = await endingAt(tool.url);
  const [{ headers }] = tool.requests as [(typeof tool.requests)[number]];
  assert.deepEqual([headers.traceparent, headers.tracestate], [undefined, undefined]);
  assert.match(trace_id, /^[0-9a-f]{32}$/);
});

test('a probe sends the given token, or none, past everything', async () => {
  const call = oneByOne(1, ['search.query'])[0]!.stages[0]![0]!;
  const none = await agent.probe({ call, token: null });
  assert.equal(none.status, 401);
  assert.match(none.www_authenticate!, /^Bearer/);
  const mint = async (kind: 'good' | 'wrong_scope' | 'expired') =>
    (await bed.authControl.call('mint', { client_id: 'agent', resource: 'urn:weighbridge:tools', kind })).token;
  assert.equal((await agent.probe({ call, token: await mint('good') })).status, 200);
  assert.equal((await agent.probe({ call, token: await mint('wrong_scope') })).status, 403);
  assert.equal((await agent.probe({ call, token: await mint('expired') })).status, 401);
});
