import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderOutcome } from './index.ts';
import { fixture } from './testing/fixture.ts';
import { emptyFixture } from './testing/variants.ts';

const input = { digest: 'ab'.repeat(32) };

test('all derived files, each once, none empty', async () => {
  const files = await renderOutcome(fixture(), input);
  const paths = files.map((f) => f.path);
  assert.equal(new Set(paths).size, paths.length);
  const names = [
    'comparisons',
    'latency-quantiles',
    'latency-ecdf',
    'waterfall',
    'warm-and-cold',
    'funnel-401',
    'retry-amplification',
    'correlation',
    'error-budget',
    'resources',
    'load-latency',
    'load-frontier',
  ];
  assert.deepEqual(paths, [
    ...names.flatMap((n) => [`charts/${n}.vl.json`, `charts/${n}.svg`]),
    'report.html',
    'adr.md',
    'junit.xml',
    'summary.md',
  ]);
  for (const { path, content } of files) {
    assert.ok(content.length > 500, path);
    assert.ok(content.endsWith('\n'), path);
    if (path.endsWith('.vl.json')) assert.match(JSON.parse(content).$schema, /vega-lite\/v6/);
  }
});

test('the same analysis gives the same bytes', async () => {
  assert.deepEqual(await renderOutcome(fixture(), input), await renderOutcome(fixture(), input));
});

test('a campaign without figures still has a page, a record and results', async () => {
  const paths = (await renderOutcome(emptyFixture(), input)).map((f) => f.path);
  assert.deepEqual(paths, ['report.html', 'adr.md', 'junit.xml', 'summary.md']);
});
