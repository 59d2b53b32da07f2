/** Norm 38: what others read. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { logsFromJson } from '../../collectors/receiver/json.ts';
import { cefHeader, cefOf, cefValue } from './export/cef.ts';
import { ocsfCheck, ocsfOf } from './export/ocsf.ts';
import { otlpOf } from './export/otlp.ts';
import { type ChainedRecord, noRecord } from './record.ts';
import { recordOf } from './testing.ts';

const chained = (changes: Partial<ChainedRecord>): ChainedRecord => ({
  ...recordOf({}),
  seq: 7,
  prev: noRecord,
  ...changes,
});
const denied = chained({ decision: 'deny', control: 'gateway/policy', reason: 'payment-limit', status: 403 });

/** Reads CEF by its rules, character by character: another way than the writer's. */
function parseCef(line: string): { header: string[]; extension: Map<string, string> } {
  assert.ok(!/[\n\r]/.test(line), 'an event is one line');
  const header: string[] = [];
  let field = '';
  let i = 0;
  for (; header.length < 7; i++) {
    const c = line[i];
    assert.ok(c !== undefined, 'seven fields and an extension');
    if (c === '\\') {
      const next = line[++i];
      assert.ok(next === '\\' || next === '|', `escape \\${next} in the header`);
      field += next;
    } else if (c === '|') {
      header.push(field);
      field = '';
    } else field += c;
  }
  const extension = new Map<string, string>();
  // A key is what stands between the last space before an unescaped equals sign, and that sign.
  const signs: number[] = [];
  for (let at = i; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '=') signs.push(at);
  }
  for (const [n, sign] of signs.entries()) {
    const key = line.slice(n === 0 ? i : line.lastIndexOf(' ', sign) + 1, sign);
    const next = signs[n + 1];
    const end = next === undefined ? line.length : line.lastIndexOf(' ', next);
    const value = line.slice(sign + 1, end).replace(/\\(.)/g, (_, c: string) => {
      assert.ok('\\=nr'.includes(c), `escape \\${c} in a value`);
      return c === 'n' ? '\n' : c === 'r' ? '\r' : c;
    });
    assert.match(key, /^[A-Za-z0-9]+$/);
    extension.set(key, value);
  }
  return { header, extension };
}

describe('norm 38: CEF', () => {
  test('known answers of the escapes', () => {
    assert.equal(cefHeader('a|b\\c=d\ne'), 'a\\|b\\\\c=d e');
    assert.equal(cefValue('a|b\\c=d\ne\rf'), 'a|b\\\\c\\=d\\ne\\rf');
  });

  test('a denial, by its fields', () => {
    const { header, extension } = parseCef(cefOf(denied, '1.2|3'));
    assert.deepEqual(header, [
      'CEF:0',
      'Weighbridge',
      'Gateway',
      '1.2|3',
      'request:deny',
      'calendar.list_events denied',
      '6',
    ]);
    const { rt, externalId, act, suser, outcome, reason, cs1Label, cs1, cs3, cn1 } = Object.fromEntries(extension);
    assert.deepEqual(
      { rt, externalId, act, suser, outcome, reason, cs1Label, cs1, cs3, cn1 },
      {
        rt: String(Date.UTC(2026, 0, 1)),
        externalId: '7',
        act: 'deny',
        suser: 'agent',
        outcome: 'failure',
        reason: 'payment-limit',
        cs1Label: 'traceId',
        cs1: 'a'.repeat(32),
        cs3: 'gateway/policy',
        cn1: '403',
      },
    );
    const allowed = parseCef(cefOf(chained({ status: 200 }), '1')).extension;
    assert.equal(allowed.get('outcome'), 'success');
    assert.equal(parseCef(cefOf(chained({ status: 0 }), '1')).extension.has('outcome'), false);
  });

  test('100,000 hostile agents, operations and reasons come back as they were, and forge no field', () => {
    const unit = fc.constantFrom('|', '\\', '=', '\n', '\r', ' ', 'n', 'r', 'act', 'a', 'ü', '\u2028', '\u0085', '😀');
    const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''));
    const asValue = (given: string): string => given.replace(/[\u0085\u2028\u2029]/g, '\n');
    const asHeader = (given: string): string => given.replace(/[\n\r\u0085\u2028\u2029]/g, ' ');
    fc.assert(
      fc.property(text, text, text, (agent, operation, reason) => {
        const line = cefOf({ ...denied, agent, operation, reason }, '1');
        const { header, extension } = parseCef(line);
        assert.equal(header[5], `${asHeader(operation)} denied`);
        assert.equal(extension.get('suser') ?? '', asValue(agent));
        assert.equal(extension.get('destinationServiceName') ?? '', asValue(operation));
        assert.equal(extension.get('reason') ?? '', asValue(reason));
        assert.equal(extension.get('act'), 'deny');
      }),
      { numRuns: 100_000, seed: 38 },
    );
  });
});

describe('norm 38: OCSF', () => {
  const check = ocsfCheck();
  const samples = [
    denied,
    chained({}),
    chained({ event: 'decision', status: 0 }),
    chained({
      agent: '',
      operation: 'unknown',
      decision: 'deny',
      control: 'gateway/bearer',
      reason: 'no',
      status: 401,
    }),
    chained({ operation: 'files.write_file', status: 502 }),
    chained({ operation: 'mail.delete_message', status: 204 }),
    chained({ operation: 'payments.create_payment', status: 201 }),
  ];

  test('every kind of record fits the schema of API Activity 1.3.0', () => {
    for (const record of samples) check(ocsfOf(record, '1.0.0'));
  });

  test('class, type, activity and status belong together', () => {
    const seen = samples.map((record) => {
      const event = ocsfOf(record, '1') as Record<string, number>;
      assert.deepEqual([event.class_uid, event.category_uid], [6003, 6]);
      assert.equal(event.type_uid, 600_300 + event.activity_id!);
      return [event.activity_id, event.status_id];
    });
    assert.deepEqual(seen, [
      [2, 2],
      [2, 1],
      [2, 0],
      [0, 2],
      [3, 2],
      [4, 1],
      [1, 1],
    ]);
  });

  test('the schema refuses what the class forbids', () => {
    const event = ocsfOf(denied, '1.0.0') as Record<string, unknown>;
    for (const name of ['actor', 'api', 'src_endpoint', 'metadata', 'time', 'severity_id', 'type_uid', 'class_uid']) {
      const { [name]: _left, ...rest } = event;
      assert.throws(() => check(rest), { code: 'INTERNAL' }, name);
    }
    for (const changes of [
      { class_uid: 6004 },
      { activity_id: 7 },
      { type_uid: 600_307 },
      { time: '2026' },
      { severity_id: 9 },
      { api: {} },
      { metadata: { version: '1.3.0' } },
      { invented: 1 },
    ]) {
      assert.throws(() => check({ ...event, ...changes }), { code: 'INTERNAL' }, JSON.stringify(changes));
    }
  });
});

describe('norm 38: OTLP', () => {
  test('our own collector reads the lines, with trace and span', () => {
    const [first, second] = logsFromJson(otlpOf([denied, chained({ seq: 8 })], '1.0.0'));
    assert.deepEqual(
      [first?.trace_id, first?.span_id, first?.body],
      ['a'.repeat(32), 'b'.repeat(16), 'calendar.list_events denied'],
    );
    assert.equal(second?.body, 'calendar.list_events allowed');
  });

  test('ids in hex, 64-bit integers as strings, severity by decision', () => {
    const { resourceLogs } = JSON.parse(otlpOf([denied, chained({ seq: 8 })], '1.0.0'));
    const [first, second] = resourceLogs[0].scopeLogs[0].logRecords;
    assert.deepEqual(
      [first.traceId, first.spanId, first.timeUnixNano, first.severityText, second.severityNumber],
      ['a'.repeat(32), 'b'.repeat(16), `${Date.UTC(2026, 0, 1)}000000`, 'WARN', 9],
    );
    const attributes = Object.fromEntries(
      first.attributes.map(({ key, value }: { key: string; value: Record<string, string> }) => [
        key,
        Object.values(value)[0],
      ]),
    );
    assert.equal(attributes['weighbridge.denied_by'], 'gateway/policy');
    assert.equal(attributes['weighbridge.audit.seq'], '7');
  });
});
