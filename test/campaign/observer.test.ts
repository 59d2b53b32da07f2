/** A campaign with arms that are watched in three ways: what is switched, what is counted, and what the report makes of it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Analysis, analysisSchema } from '#contract/analysis.ts';
import { type Manifest, manifestSchema } from '#contract/manifest.ts';
import { service } from '#contract/names.ts';
import { readParquet } from '../../collectors/samples/collector.ts';
import { scratch, weighbridge } from './harness.ts';

const place = scratch();
const dir = join(place.dir, 'out');
const untraced = ['direct-untraced', 'passthrough-untraced'];
const bySdk = ['direct-full-sdk', 'passthrough-full-sdk'];
const watchedOtherwise = [...untraced, ...bySdk];

const read = (name: string): string => readFileSync(join(dir, name), 'utf8');
const rows = (table: string, query: string) => readParquet(join(dir, `${table}.parquet`), query);

/** Every span below its call: who, what, below what, with which attributes; times and the arm's own name left out. */
async function tracesOf(arm: string): Promise<string[]> {
  const spans = await readParquet(
    join(dir, 'spans.parquet'),
    `WITH span AS (SELECT * FROM file),
      call AS (SELECT trace_id, call_id FROM '${join(dir, 'calls.parquet')}' WHERE arm = '${arm}' AND phase = 'latency')
     SELECT c.call_id, s.ServiceName AS service, s.SpanKind AS kind, s.SpanName AS name, s.StatusCode AS status,
       p.ServiceName || ' ' || p.SpanName AS parent, s.ParentSpanId <> '' AS has_parent,
       list_sort(list_transform(list_filter(map_entries(s.SpanAttributes),
         e -> NOT e.key SIMILAR TO '.*(_ns|\\.arm|_reused)'), e -> e.key || '=' || e.value))::VARCHAR AS attributes
     FROM call c JOIN span s ON s.TraceId = c.trace_id
     LEFT JOIN span p ON p.TraceId = s.TraceId AND p.SpanId = s.ParentSpanId
     ORDER BY ALL`,
  );
  for (const s of spans)
    assert.equal(s.parent !== null, s.has_parent, `${arm}: a span names a parent that is not stored`);
  return spans.map((s) => JSON.stringify(s));
}

describe('a campaign that weighs its observer', () => {
  let manifest: Manifest;
  let analysis: Analysis;
  before(async () => {
    const file = join(place.dir, 'campaign.yaml');
    writeFileSync(
      file,
      `profile: smoke\nconditions: [{}]\narms: [direct, passthrough, ${watchedOtherwise.join(', ')}]\n`,
    );
    const { code, stderr } = await weighbridge(['run', file, '--out', dir]);
    assert.equal(code, 0, stderr);
    manifest = manifestSchema.parse(JSON.parse(read('manifest.json')));
    analysis = analysisSchema.parse(JSON.parse(read('analysis.json')));
  });
  after(() => place.remove());

  test('all arms do the same job, and no span and no line is lost', () => {
    for (const arm of watchedOtherwise) {
      const proofs = manifest.parity.filter((p) => p.arm === arm);
      assert.ok(proofs.length > 0 && proofs.every((p) => p.ok), arm);
    }
    const losses = manifest.blocks.flatMap((b) => b.gates.filter((g) => /^no .* lost$/.test(g.name)));
    assert.equal(losses.length, 2 * manifest.blocks.length);
    for (const gate of losses) assert.deepEqual([gate.name, gate.value, gate.ok], [gate.name, 0, true]);
  });

  test('every call ends the same way, however it is watched', async () => {
    const outcomes = async (arm: string) =>
      rows(
        'calls',
        `SELECT block, call_id, outcome, status, attempts FROM file WHERE arm = '${arm}' AND phase = 'latency' ORDER BY ALL`,
      );
    for (const like of ['direct', 'passthrough']) {
      const expected = await outcomes(like);
      assert.ok(expected.length > 0);
      for (const way of ['untraced', 'full-sdk']) assert.deepEqual(await outcomes(`${like}-${way}`), expected, way);
    }
  });

  test('without tracing agent and gateway note nothing, and the tools’ traces belong to no call', async () => {
    for (const { telemetry } of manifest.blocks) {
      const own = telemetry.filter((t) => untraced.includes(t.arm));
      assert.deepEqual(own.map((t) => t.service).sort(), [service.agent, service.agent, service.gateway]);
      for (const { service: _, arm: __, ...counts } of own) assert.ok(Object.values(counts).every((n) => n === 0));
    }
    const [stored] = await rows(
      'spans',
      `SELECT count(*)::INTEGER AS n FROM file WHERE ResourceAttributes['weighbridge.arm'] IN ('${untraced.join("', '")}')`,
    );
    assert.equal(stored!.n, 0);
    const [made] = await rows(
      'attempts',
      `SELECT count(*)::INTEGER AS n, count(DISTINCT leg)::INTEGER AS legs FROM file WHERE arm IN ('${untraced.join("', '")}')`,
    );
    const [roots] = await rows(
      'spans',
      `SELECT count(*)::INTEGER AS n FROM file WHERE ServiceName = '${service.tools}' AND ParentSpanId = ''
        AND TraceId NOT IN (SELECT trace_id FROM '${join(dir, 'calls.parquet')}')`,
    );
    assert.ok((made!.n as number) > 0);
    assert.deepEqual([roots!.n, made!.legs], [made!.n, 1]);
  });

  test('by the SDK every span that was started is stored, and each trace is the one that the light way gives', async () => {
    for (const { telemetry } of manifest.blocks) {
      for (const tier of telemetry.filter((t) => bySdk.includes(t.arm))) {
        assert.ok(tier.spans_started > 0);
        assert.deepEqual([tier.spans_exported, tier.spans_dropped], [tier.spans_started, 0]);
        assert.equal(tier.log_lines_exported, tier.log_lines);
      }
    }
    for (const like of ['direct', 'passthrough']) {
      const light = await tracesOf(like);
      assert.ok(light.some((span) => span.includes(like === 'direct' ? service.tools : service.gateway)));
      assert.deepEqual(await tracesOf(`${like}-full-sdk`), light);
    }
  });

  test('lines by the SDK join their spans', async () => {
    const [lines] = await rows(
      'logs',
      `SELECT count(*)::INTEGER AS n, count(*) FILTER (TraceId <> '' AND SpanId <> '')::INTEGER AS traced FROM file
        WHERE ResourceAttributes['weighbridge.arm'] IN ('${bySdk.join("', '")}') AND LogAttributes['scope'] = 'request'`,
    );
    assert.ok((lines!.n as number) > 0);
    assert.equal(lines!.traced, lines!.n);
    for (const figures of analysis.arms.filter((a) => bySdk.includes(a.arm))) {
      for (const tier of figures.correlation.by_tier)
        assert.equal(tier.joined, tier.lines, `${figures.arm} ${tier.tier}`);
      assert.equal(figures.correlation.complete.share, 1);
    }
  });

  test('such arms have the latency phase alone', async () => {
    const phases = await rows(
      'calls',
      `SELECT DISTINCT phase FROM file WHERE arm IN ('${watchedOtherwise.join("', '")}')`,
    );
    assert.deepEqual(phases, [{ phase: 'latency' }]);
    assert.ok(manifest.blocks.every((b) => b.faults.every((f) => !watchedOtherwise.includes(f.arm))));
  });

  test('what watching costs is compared with the arm of which nothing is noted; nothing is read from its spans', () => {
    const pairs = (metric: string) =>
      analysis.comparisons.filter((c) => c.metric === metric).map((c) => `${c.arm} − ${c.baseline}`);
    for (const like of ['direct', 'passthrough']) {
      for (const arm of [like, `${like}-full-sdk`]) {
        assert.ok(pairs('felt_p50_shift').includes(`${arm} − ${like}-untraced`), arm);
        assert.ok(pairs('cpu_per_call_shift').includes(`${arm} − ${like}-untraced`), arm);
      }
    }
    assert.ok(pairs('felt_p50_shift').includes('passthrough-untraced − direct-untraced'));
    assert.ok(pairs('hop_p50_shift').includes('passthrough-full-sdk − direct-full-sdk'));
    for (const metric of ['hop_p50_shift', 'hop_mean_shift', 'connected_mean_shift']) {
      assert.ok(
        pairs(metric).every((pair) => !pair.includes('untraced')),
        metric,
      );
    }
    assert.ok(analysis.waterfalls.every((w) => !untraced.includes(w.arm) && !untraced.includes(w.baseline)));
    assert.ok(analysis.warnings.every((w) => w.code !== 'spans_missing' && w.code !== 'correlation_loss'));
  });

  test('the shares of joined lines leave untraced arms out, and say so', () => {
    const figures = analysis.arms.filter((a) => untraced.includes(a.arm));
    assert.equal(figures.length, untraced.length);
    for (const { correlation } of figures) {
      assert.deepEqual([correlation.by_tier, correlation.orphans], [[], 0]);
      assert.match(correlation.missing.join(), /not traced/);
    }
    for (const other of analysis.arms.filter((a) => !untraced.includes(a.arm))) {
      for (const tier of other.correlation.by_tier) assert.equal(tier.joined, tier.lines, `${other.arm} ${tier.tier}`);
    }
  });

  test('the report has its section, and the manifest says what was switched', () => {
    assert.match(read('report.html'), /<section id="watching"/);
    assert.ok(manifest.remarks.some((r) => r.startsWith('direct-untraced, passthrough-untraced: no spans')));
  });
});
