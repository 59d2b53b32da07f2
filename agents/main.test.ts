/** The agent as the campaign meets it: a process, a control channel, telemetry that is exported. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SliceReport } from '#contract/calls.ts';
import type { AgentControls } from '#contract/config.ts';
import type { AgentMethods, ControlClient } from '#contract/control.ts';
import { attr } from '#contract/names.ts';
import { startTestbed, type Testbed } from '../bench/testbed/testing.ts';
import {
  agentConfig,
  endAgent,
  type Overrides,
  oneByOne,
  plannedTask,
  sliceOrder,
  startAgent,
} from './testing/agents.ts';
import { type OtlpReceiver, otlpReceiver, type StoredSpan } from './testing/otlp.ts';
import { scopeSet } from './tokens/scope-set.ts';

const dir = mkdtempSync(join(tmpdir(), 'agent-'));
const audit_file = join(dir, 'audit', 'agent.jsonl');
/** One anchor for all processes, as in a campaign: each by itself would be off by up to a millisecond. */
const anchor = { offset_ns: String(BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()) };
let bed: Testbed;
let receiver: OtlpReceiver;
let agent: ControlClient<AgentMethods> | undefined;
before(async () => {
  receiver = await otlpReceiver();
  bed = await startTestbed({ telemetry: { mode: 'light', otlp: receiver.url, anchor } });
});
after(async () => {
  await bed.stop();
  await receiver.close();
  rmSync(dir, { recursive: true });
});
afterEach(async () => {
  if (agent) await endAgent(agent);
  agent = undefined;
});

async function start(controls: AgentControls, overrides: Overrides = {}): Promise<ControlClient<AgentMethods>> {
  agent = startAgent();
  const telemetry = {
    service: 'weighbridge-agent',
    instance: 'agent/test/000',
    mode: 'light' as const,
    otlp: receiver.url,
    anchor,
  };
  await agent.call('configure', agentConfig(bed, controls, { telemetry, ...overrides }));
  return agent;
}
const revoke = () => bed.authControl.call('revoke', { client_id: 'agent' });

async function drained(): Promise<{ spans: StoredSpan[]; report: Awaited<ReturnType<typeof drainAll>> }> {
  receiver.spans.length = 0;
  receiver.lines.length = 0;
  const report = await drainAll();
  return { spans: receiver.spans, report };
}
async function drainAll() {
  const report = await agent!.call('drain');
  await Promise.all([bed.toolsControl.call('drain'), bed.authControl.call('drain')]);
  return report;
}

function assertInside(spans: StoredSpan[]): void {
  const byId = new Map(spans.map((s) => [`${s.traceId}/${s.spanId}`, s]));
  for (const span of spans) {
    assert.ok(span.endNs >= span.startNs, span.name);
    if (span.parentSpanId === '') continue;
    const parent = byId.get(`${span.traceId}/${span.parentSpanId}`);
    assert.ok(parent, `${span.service} ${span.name} is an orphan`);
    // One host, one clock, and no tolerance.
    assert.ok(span.startNs >= parent.startNs && span.endNs <= parent.endNs, `${span.name} lies outside ${parent.name}`);
  }
}

/** Rows and spans tell the same, to the ns. */
function assertRowsMatch({ calls, attempts }: SliceReport, spans: StoredSpan[]): void {
  const own = spans.filter((s) => s.service === 'weighbridge-agent');
  for (const call of calls) {
    const root = own.find((s) => s.traceId === call.trace_id && s.parentSpanId === '')!;
    assert.deepEqual([root.name, root.kind], [`execute_tool ${call.tool}`, 1]);
    assert.deepEqual([root.startNs, root.endNs], [call.start_ns, call.end_ns]);
    assert.equal(root.attributes[attr.call], call.call_id);
    assert.equal(root.attributes[attr.operation], `${call.tool}.${call.operation}`);
    assert.equal(root.attributes[attr.arm], 'test');
    assert.equal(root.attributes[attr.errorType], call.error_type ?? undefined);
    assert.equal(root.attributes[attr.deniedBy], call.denied_by ?? undefined);
  }
  for (const attempt of attempts) {
    const span = own.find((s) => s.spanId === attempt.span_id && s.traceId === attempt.trace_id)!;
    assert.equal(span.kind, 3);
    assert.match(span.name, /^(GET|POST|PUT|DELETE)$/);
    assert.deepEqual([span.startNs, span.endNs], [attempt.start_ns, attempt.end_ns]);
    assert.equal(span.attributes[attr.status], String(attempt.status));
    assert.equal(span.attributes[attr.cause], attempt.cause ?? undefined);
    assert.equal(span.attributes[attr.resendCount], attempt.attempt === 1 ? undefined : String(attempt.attempt - 1));
    assert.equal(span.error, attempt.status! >= 400);
  }
  assert.equal(own.filter((s) => s.kind === 3 && s.name !== 'token refresh').length, attempts.length);
}

for (const controls of ['off', 'on', 'regressed'] as const) {
  test(`controls ${controls}: every attempt and refresh is a span inside its parent, every line joins one`, async () => {
    const client = await start(controls);
    await client.call('login');
    const tasks = [
      plannedTask([['search.query'], ['mail.list_messages', 'calendar.list_events', 'files.read_file']]),
      ...oneByOne(12),
    ];
    await drained();
    await revoke();
    const slice = await client.call('run_slice', sliceOrder(tasks, { concurrency: 4 }));
    const { spans, report } = await drained();
    assertInside(spans);
    assertRowsMatch(slice, spans);
    assert.deepEqual([report.spans_dropped, report.spans_exported], [0, report.spans_started]);
    assert.equal(report.log_lines_exported, report.log_lines);
    assert.ok(report.request_log_lines >= slice.calls.length);

    const refreshes = spans.filter((s) => s.name === 'token refresh');
    assert.ok(refreshes.length > 0);
    for (const refresh of refreshes) {
      assert.ok(slice.calls.some((c) => c.trace_id === refresh.traceId));
      const granted = spans.filter((s) => s.parentSpanId === refresh.spanId && s.traceId === refresh.traceId);
      assert.deepEqual(
        granted.map((s) => [s.service, s.name]),
        [['weighbridge-auth', 'POST /token']],
      );
    }
    const known = new Set(spans.map((s) => `${s.traceId}/${s.spanId}`));
    const lines = receiver.lines.filter((l) => l.traceId !== '');
    for (const line of lines) assert.ok(known.has(`${line.traceId}/${line.spanId}`));
    const said = (message: string) => lines.filter((l) => l.fields.body === message).length;
    assert.equal(said('call'), slice.calls.length);
    assert.equal(said('unauthorized'), slice.attempts.filter((a) => a.status === 401).length);
    assert.equal(said('token refresh'), refreshes.length);
    assert.equal(said('retry'), slice.attempts.filter((a) => a.attempt > 1).length);
  });
}

test('calls that never went out have their span and line too', async () => {
  const client = await start('on');
  await client.call('login');
  await drained();
  const payment = plannedTask([['payments.create_payment']]);
  payment.stages[0]![0]!.args = { to: 'acme', amount_cents: 75_000, reference: 'r' };
  const slice = await client.call('run_slice', sliceOrder([payment]));
  const { spans } = await drained();
  assert.equal(slice.calls[0]!.denied_by, 'agent/manifest');
  assertRowsMatch(slice, spans);
  assert.equal(spans.length, 1);
});

test('a probe leaves a whole trace', async () => {
  const client = await start('off');
  await client.call('login');
  await drained();
  const call = oneByOne(1)[0]!.stages[0]![0]!;
  assert.equal((await client.call('probe', { call, token: null })).status, 401);
  const { spans } = await drained();
  assertInside(spans);
  assert.deepEqual(spans.map((s) => s.service).sort(), ['weighbridge-agent', 'weighbridge-agent', 'weighbridge-tools']);
});

describe('audit.token_refresh_logging', () => {
  const settings = { 'audit.token_refresh_logging': true };

  test('each refresh leaves a line with its scope hash, and no token is anywhere', async () => {
    const client = await start('on', { audit_file, settings });
    await client.call('login');
    await revoke();
    await client.call('run_slice', sliceOrder(oneByOne(1, ['search.query'])));
    await client.call('drain');
    const text = readFileSync(audit_file, 'utf8');
    const records = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(records.length, 10, 'nine at the login, one after the revocation');
    const { time, ...last } = records.at(-1)!;
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
    assert.deepEqual(last, {
      agent: 'agent',
      plugin: 'searcher',
      scope_hash: scopeSet(['read:search']).hash,
      received_hash: scopeSet(['read:search']).hash,
      result: 'refreshed',
      error_type: null,
    });
    assert.doesNotMatch(text, /eyJ|Bearer|read:search/);
  });

  test('off: there is no file; on without a file: the agent does not start', async () => {
    const file = join(dir, 'none.jsonl');
    const client = await start('on', { audit_file: file, settings: { 'audit.token_refresh_logging': false } });
    await client.call('login');
    await client.call('drain');
    assert.throws(() => readFileSync(file), /ENOENT/);
    await endAgent(client);
    await assert.rejects(start('on', { settings }), /no file is named/);
  });
});

describe('process', () => {
  test('renew fetches tokens with the new lifetime', async () => {
    const client = await start('off');
    await client.call('login');
    await bed.authControl.call('set_ttl', { access_token_ttl_ms: 120 });
    await client.call('renew');
    await bed.authControl.call('set_ttl', { access_token_ttl_ms: 3_600_000 });
    await new Promise((resolve) => setTimeout(resolve, 140));
    const { attempts } = await client.call('run_slice', sliceOrder(oneByOne(1)));
    assert.deepEqual(
      attempts.map((a) => [a.status, a.cause]),
      [
        [401, 'expired'],
        [200, null],
      ],
    );
  });

  test('it names its plugins, collects garbage, and ends when it is stopped', async () => {
    const client = startAgent();
    agent = client;
    const { plugins } = await client.call('configure', agentConfig(bed, 'on'));
    assert.equal(plugins.length, 7);
    await client.call('gc');
    await client.call('login');
    const ended = new Promise((resolve) => client.child.once('exit', resolve));
    await client.call('stop');
    assert.equal(await ended, 0);
  });

  test('it ends when its channel closes, in the midst of a slice', async () => {
    const client = await start('off', { directory: { 'tools.weighbridge.test': bed.tools.url } });
    await client.call('login');
    const slice = client.call('run_slice', sliceOrder(oneByOne(20), { think_time_us: 1_000_000 }));
    const ended = new Promise((resolve) => client.child.once('exit', resolve));
    client.child.disconnect();
    await assert.rejects(slice, /ended/);
    assert.equal(await ended, 0);
  });

  test('configured twice, or not yet: refused; bad settings: CONFIG with the key', async () => {
    const client = startAgent();
    agent = client;
    await assert.rejects(client.call('login'), /not configured yet/);
    const bad = agentConfig(bed, 'on', { settings: { 'plugins.unsigned': true } });
    await assert.rejects(client.call('configure', bad), {
      code: 'CONFIG',
      message: /unknown key plugins\.unsigned/,
    });
    await client.call('configure', agentConfig(bed, 'off'));
    await assert.rejects(client.call('configure', agentConfig(bed, 'off')), /configured already/);
  });

  test('without a channel it says how it is started, 104', () => {
    const script = fileURLToPath(new URL('./main.ts', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    assert.equal(status, 104);
    assert.match(stderr, /control channel/);
  });
});
