import assert from 'node:assert/strict';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Analysis, Explanation, Timing } from '#contract/analysis.ts';
import { analyse } from './index.ts';
import { arms, campaigns, digest, latency, near, shift, verdict } from './testing.ts';

const { campaign } = campaigns();
const opening = { lookup_us: 100, connect_us: 200, tls_us: 1_200 };

const timing = (analysis: Analysis, arm: string): Timing => analysis.timings.find((t) => t.arm === arm)!;
const explanation = (analysis: Analysis, arm: string, baseline: string): Explanation =>
  analysis.explanations.find((e) => e.arm === arm && e.baseline === baseline)!;
const means = ({ legs }: Timing, leg: string): Record<string, number | null> =>
  Object.fromEntries(legs.find((l) => l.leg === leg)!.parts.map((p) => [p.part, p.mean_us]));

const claim = {
  claim: 'C2',
  statement: 'Connections hide it.',
  compare: 'decision',
  metric: 'connected_mean_shift',
  region: [1_000, null] as [number, null],
  unit: 'us' as const,
  margin: '1 ms or more',
};

describe('an arm whose gateway opens a connection in 30 % of its attempts', () => {
  let analysis: Analysis;
  before(async () => {
    const closing = arms.map((a) =>
      a.arm === 'gateway' ? { ...a, ...opening, opened_gateway: 'position % 10 < 3' } : a,
    );
    ({ analysis } = await campaign({ arms: closing, sessions: [{ ...latency, condition: 'instant/c1/https' }] }));
  });

  it('is described: how often, and what each part takes', () => {
    const gateway = timing(analysis, 'gateway');
    const leg = gateway.legs.find((l) => l.leg === 'gateway')!;
    // Positions 5 to 24 are warm, and six of these twenty open a connection.
    assert.equal(leg.opened / leg.attempts, 0.3);
    assert.deepEqual(leg.opening, { lookup_us: 100, connect_us: 200, tls_us: 1_200 });
    const parts = means(gateway, 'gateway');
    for (const [part, us] of [
      ['lookup', 30],
      ['connect', 60],
      ['TLS', 360],
      ['send', 10],
      ['receive', 0.1],
    ] as const)
      near(parts[part]!, us, 1e-6);
    near(
      leg.parts.reduce((sum, p) => sum + p.mean_us!, 0),
      leg.mean_us,
      0.01,
    );
    near(
      leg.parts.reduce((sum, p) => sum + p.share!, 0),
      1,
      1e-6,
    );
    assert.deepEqual(leg.unseen, []);
  });

  it('is explained, and no other arm is', () => {
    const told = explanation(analysis, 'gateway', 'direct');
    assert.equal(told.unexpected, true);
    assert.match(
      told.sentence,
      /Unexpected: gateway opens a new connection in 30 % of the attempts of its gateway, which takes 0\.450 ms per call/,
    );
    near(told.difference_us, 290 + 450, 2);
    near(
      told.causes.reduce((sum, c) => sum + c.us, 0),
      told.difference_us,
      0.01,
    );
    assert.equal(explanation(analysis, 'passthrough', 'direct').unexpected, false);
    assert.equal(explanation(analysis, 'native', 'direct').unexpected, false);
  });

  it('is told per task beside per call: five calls one after the other', () => {
    const { tasks, call_mean_us } = timing(analysis, 'native');
    assert.deepEqual([tasks.tasks, tasks.answered, tasks.calls_per_task], [6 * 15 * 4, 6 * 15 * 4, 5]);
    // Calls are 20 ms apart here, from due to due.
    near(tasks.mean_us!, 4 * 20_000 + call_mean_us!, 10);
    assert.ok(tasks.p50_us! <= tasks.p95_us!);
    near(shift(analysis, 'task_mean_shift', 'native', 'direct').estimate, 60, 2);
  });

  it('is of another subject than over plain HTTP', () => {
    assert.equal(shift(analysis, 'felt_p50_shift', 'gateway', 'direct').subject.protocol, 'https');
  });

  it('costs what the comparison without connections leaves out', () => {
    near(shift(analysis, 'felt_mean_shift', 'gateway', 'direct').estimate, 740, 2);
    near(shift(analysis, 'connected_mean_shift', 'gateway', 'direct').estimate, 290, 2);
  });
});

describe('claim C2', () => {
  it('is confirmed where the arm that bypasses the gateway loses the time in connections', async () => {
    const hidden = arms.map((a) =>
      a.arm === 'native'
        ? { ...a, ...opening, opened_agent: 'true' }
        : a.arm === 'gateway'
          ? { ...a, gateway_us: 1_400 }
          : a,
    );
    const { analysis } = await campaign({ arms: hidden, claims: [claim] });
    near(shift(analysis, 'felt_mean_shift', 'gateway', 'native').estimate, -70, 2);
    const { verdict: decided, why } = verdict(analysis, 'C2');
    assert.equal(decided, 'confirmed');
    assert.match(
      why,
      /native opens a new connection in 100 % of its attempts \(gateway: 0 %\): connections are not kept open/,
    );
  });

  it('is left open where the gateway is that slow for all to see: nothing is hidden', async () => {
    const slow = arms.map((a) => (a.arm === 'gateway' ? { ...a, gateway_us: 1_400 } : a));
    const { analysis } = await campaign({ arms: slow, claims: [claim] });
    const { verdict: decided, why } = verdict(analysis, 'C2');
    assert.equal(decided, 'inconclusive');
    assert.match(why, /as much with connections counted in/);
  });

  it('is refuted where connections are kept open and the gateway adds little', async () => {
    const { analysis } = await campaign({ claims: [claim] });
    const { verdict: decided, why } = verdict(analysis, 'C2');
    assert.equal(decided, 'refuted');
    assert.match(why, /the second hop adds 0\.290 ms .*Nothing unexpected/);
    const leg = timing(analysis, 'direct').legs[0]!;
    assert.deepEqual(leg.unseen, [
      'every attempt found its connection open: nothing was looked up, connected or secured',
    ]);
    assert.deepEqual(leg.opening, { lookup_us: null, connect_us: null, tls_us: null });
  });
});

it('a campaign from before the column sent_ns is read, and says so', async () => {
  const { dir, analysis } = await campaign({});
  const file = join(dir, 'attempts.parquet');
  await rename(file, `${file}.new`);
  const instance = await DuckDBInstance.create(':memory:');
  const db = await instance.connect();
  await db.run(`COPY (SELECT * EXCLUDE (sent_ns) FROM read_parquet('${file}.new')) TO '${file}' (FORMAT parquet)`);
  db.closeSync();
  instance.closeSync();
  assert.ok((await readFile(file)).length > 0);
  const old = await analyse(dir, digest);
  const leg = timing(old, 'direct').legs[0]!;
  assert.equal(leg.parts.find((p) => p.part === 'send')!.mean_us, null);
  assert.match(leg.unseen.join(), /sending is in wait/);
  const now = means(timing(analysis, 'direct'), 'agent');
  near(means(timing(old, 'direct'), 'agent').wait!, now.wait! + now.send!, 0.01);
  assert.deepEqual(old.comparisons, analysis.comparisons);
});
