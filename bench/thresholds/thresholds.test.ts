import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judgement } from '#contract/analysis.ts';
import type { Threshold } from '#contract/manifest.ts';
import { builtinArms, builtinComparisons } from '../campaign/config/builtin.ts';
import { thresholdError } from './exit.ts';
import { type Caps, judge, type Place } from './judge.ts';
import { isRefusal, type Refusal } from './parse.ts';
import { type Names, resolveThreshold } from './resolve.ts';

const names: Names = {
  arms: [...builtinArms.values(), { arm: 'our-gw', lifecycle_only: false }],
  comparisons: [
    ...builtinComparisons,
    { name: 'both_or_one', arm: 'layered', baseline: 'gateway' },
    { name: 'added_our-gw', arm: 'our-gw', baseline: 'direct' },
    { name: 'behind', arm: 'our-gw', baseline: 'gateway' },
  ],
  workloads: ['tool-chain', 'assistant-day'],
  conditions: ['instant/c1/http', 'realistic/c4/http'],
  lifecycle: { workload: 'fan-out', condition: 'instant/c3/http' },
};

function resolved(key: string, value: string): Threshold {
  const found = resolveThreshold(key, value, names);
  assert.ok(!isRefusal(found), `${key}: ${value} was refused: ${JSON.stringify(found)}`);
  return found;
}

function refused(key: string, value = '< 1 ms'): Refusal {
  const found = resolveThreshold(key, value, names);
  assert.ok(isRefusal(found), `${key}: ${value} was accepted`);
  return found;
}

describe('the grammar', () => {
  it('an operator, a value and a unit, as µs or as a share', () => {
    for (const [key, value, op, limit] of [
      ['decision.felt_p95_shift', '< 1 ms', '<', 1_000],
      ['decision.felt_p95_shift', '<=0.0049ms', '<=', 4.9],
      ['decision.felt_p95_shift', '> -250 µs', '>', -250],
      ['decision.felt_p95_shift', '>= 2 s', '>=', 2_000_000],
      ['retry401', '< 0.5 %', '<', 0.005],
      ['correlation', '= 100 %', '=', 1],
      ['error_rate', '= 0 %', '=', 0],
      ['fix.retry401_shift', '<= -10 %', '<=', -0.1],
      ['gateway.p95', '< 50 ms', '<', 50_000],
    ] as const) {
      const threshold = resolved(key, value);
      assert.deepEqual([threshold.op, threshold.limit], [op, limit], value);
    }
    assert.equal(resolved('retry401', '<  0.5  %').requirement, '< 0.5 %');
  });

  it('what is no requirement is told with what was expected', () => {
    for (const value of ['1 ms', '< ms', '<> 1 ms', '< 1', '', '< 1 ms or so', '<< 1 ms', '< 1e3 ms', '≈ 1 ms'])
      assert.match(refused('hop.felt_p50_shift', value).expected, /an operator|a unit of time/, value);
    assert.deepEqual(refused('hop.felt_p50_shift', '< 1 %'), {
      part: 'value',
      found: '%',
      expected: 'a unit of time for felt_p50_shift: µs, ms or s',
    });
    assert.equal(refused('retry401', '< 5 ms').expected, '% for retry401');
    assert.equal(refused('retry401', '< 101 %').expected, 'a share from 0 % to 100 %');
    assert.equal(refused('retry401', '> -1 %').expected, 'a share from 0 % to 100 %');
    assert.equal(refused('hop.felt_p50_shift', '< 1 constructor').found, 'constructor');
  });

  it('"=" is for what is counted, and there for all or none', () => {
    assert.match(refused('hop.felt_p50_shift', '= 1 ms').expected, /never one value/);
    assert.match(refused('correlation', '= 99 %').expected, /= 0 % or = 100 %/);
    assert.match(refused('fix.retry401_shift', '= 0 %').expected, /never one value/);
  });

  it('an unknown metric lists those there are', () => {
    const { part, found, expected, candidates } = refused('gateway.felt_p95_shfit');
    assert.deepEqual([part, found], ['key', 'felt_p95_shfit']);
    assert.match(expected, /felt_p95_shift.*retry401.*correlation/);
    assert.ok(candidates?.includes('felt_p95_shift'));
    for (const key of ['a b', '.p95', 'gateway.', 'gateway.p95@', 'a.b.p95', '@x'])
      assert.equal(refused(key).part, 'key', key);
  });
});

describe('what a threshold is about', () => {
  const pair = (key: string, value = '< 1 ms') => {
    const { arm, baseline, compare } = resolved(key, value);
    return [compare, arm, baseline];
  };

  it('a comparison by its name', () => {
    assert.deepEqual(pair('added.felt_p95_shift'), ['added', 'gateway', 'direct']);
    assert.deepEqual(pair('layered.felt_p50_shift'), ['layered', 'layered', 'direct'], 'though it is an arm too');
    assert.deepEqual(pair('fix.retry401_shift', '< 0 %'), ['fix', 'native', 'native-regressed']);
  });

  it('an arm against its natural baseline: the decision, or the only one', () => {
    assert.deepEqual(pair('gateway.felt_p95_shift'), ['decision', 'gateway', 'native']);
    assert.deepEqual(pair('passthrough.felt_p95_shift'), ['hop', 'passthrough', 'direct']);
    assert.deepEqual(pair('native.felt_p95_shift'), ['controls_native', 'native', 'direct'], 'the fix is not timed');
  });

  it('an arm with several is refused with the choices', () => {
    assert.deepEqual(refused('our-gw.felt_p95_shift'), {
      part: 'key',
      found: 'our-gw.felt_p95_shift',
      expected:
        'one comparison: added_our-gw.felt_p95_shift (our-gw − direct) or behind.felt_p95_shift (our-gw − gateway)',
    });
    assert.match(
      refused('native.retry401_shift', '< 1 %').expected,
      /controls_native\.retry401_shift.* or fix\.retry401_shift/,
    );
    assert.match(refused('felt_p95_shift').expected, /one comparison: hop\.felt_p95_shift/);
    assert.match(refused('direct.felt_p95_shift').expected, /a comparison, or the arm of one/);
    assert.match(refused('fix.felt_p95_shift').expected, /a comparison, or the arm of one/);
  });

  it('one arm, or every one', () => {
    assert.deepEqual(pair('gateway.p95'), [null, 'gateway', null]);
    assert.deepEqual(pair('correlation', '= 100 %'), [null, null, null]);
    assert.deepEqual(pair('native-regressed.retry401', '< 50 %'), [null, 'native-regressed', null]);
    assert.match(refused('decision.p95').expected, /^an arm: direct/);
    assert.match(refused('native-regressed.p95').expected, /an arm that is in the latency phase/);
    assert.deepEqual(pair('direct-untraced.p95'), [null, 'direct-untraced', null]);
    assert.deepEqual(pair('direct-untraced.error_rate', '< 1 %'), [null, 'direct-untraced', null]);
    const [rate, joined] = [
      refused('direct-untraced.retry401', '< 1 %'),
      refused('passthrough-full-sdk.correlation', '= 100 %'),
    ];
    assert.match(rate.expected, /an arm that is in the lifecycle phase: direct, (?!.*untraced)/);
    assert.match(joined.expected, /an arm that is in the correlation phase/);
  });

  it('workload and condition, where it is measured', () => {
    const at = (key: string, value = '< 1 ms') => {
      const { workload, condition } = resolved(key, value);
      return [workload, condition];
    };
    assert.deepEqual(at('gateway.felt_p95_shift'), [null, null]);
    assert.deepEqual(at('gateway.felt_p95_shift@instant/c1/http'), [null, 'instant/c1/http']);
    assert.deepEqual(at('gateway.felt_p95_shift@tool-chain'), ['tool-chain', null]);
    assert.deepEqual(at('gateway.p50@assistant-day/realistic/c4/http'), ['assistant-day', 'realistic/c4/http']);
    assert.deepEqual(at('retry401@fan-out', '< 1 %'), ['fan-out', null]);
    assert.deepEqual(at('error_rate@tool-chain', '< 1 %'), ['tool-chain', null]);
    for (const key of [
      'gateway.p50@instant/c9/http',
      'gateway.p50@fan-out',
      'gateway.p50@tool-chain/instant',
      'error_rate@fan-out/instant/c1/http',
    ])
      assert.match(
        refused(key, key.startsWith('e') ? '< 1 %' : '< 1 ms').expected,
        /where \w+ is measured: tool-chain/,
        key,
      );
    assert.match(refused('retry401@tool-chain', '< 1 %').expected, /measured: fan-out or instant\/c3\/http/);
    assert.match(refused('correlation@tool-chain', '= 100 %').expected, /over all that an arm logged/);
  });
});

const place = (ci95: Place['ci95'], more: Partial<Place> = {}): Place => ({
  label: 'felt_p95_shift of gateway − native in tool-chain, instant/c1/http',
  pointer: '/comparisons/0',
  estimate: ci95 ? (ci95[0] + (ci95[1] ?? ci95[0])) / 2 : 500,
  ci95,
  n: 4_800,
  blocks: 8,
  counts: null,
  missing: null,
  ...more,
});
const free: Caps = { intervals: [], counts: [] };
const result = (value: string, ci95: [number, number] | null): Judgement['result'] =>
  judge(resolved('decision.felt_p95_shift', value), [place(ci95)], free).result;

describe('a judgement', () => {
  it('is by the interval: wholly right is held, wholly wrong is broken, all else is open', () => {
    for (const [value, ci95, expected] of [
      ['< 1 ms', [800, 999], 'held'],
      ['< 1 ms', [800, 1_000], 'inconclusive'],
      ['<= 1 ms', [800, 1_000], 'held'],
      ['< 1 ms', [900, 1_100], 'inconclusive'],
      ['< 1 ms', [1_000, 1_100], 'broke'],
      ['<= 1 ms', [1_000, 1_100], 'inconclusive'],
      ['<= 1 ms', [1_001, 1_100], 'broke'],
      ['> 1 ms', [1_001, 1_100], 'held'],
      ['> 1 ms', [1_000, 1_100], 'inconclusive'],
      ['>= 1 ms', [1_000, 1_100], 'held'],
      ['> 1 ms', [500, 1_000], 'broke'],
      ['>= 1 ms', [500, 999], 'broke'],
      ['>= 1 ms', [500, 1_000], 'inconclusive'],
      ['< 1 ms', null, 'inconclusive'],
    ] as const)
      assert.equal(result(value, ci95 && [...ci95]), expected, `${value} against ${ci95}`);
  });

  it('an estimate on the right side does not help an interval that reaches over', () => {
    const { result: found, why } = judge(resolved('decision.felt_p95_shift', '< 1 ms'), [place([100, 1_200])], free);
    assert.equal(found, 'inconclusive');
    assert.match(
      why,
      /0\.65 ms \(95 %: 0\.1 to 1\.2 ms, n = 4,800, 8 blocks\), since the interval reaches both sides of the required < 1 ms\.$/,
    );
  });

  it('says in one sentence what decided: estimate, interval, n and margin', () => {
    const held = judge(resolved('decision.felt_p95_shift', '< 1 ms'), [place([380, 440])], free);
    assert.equal(
      held.why,
      'Held: felt_p95_shift of gateway − native in tool-chain, instant/c1/http, 0.41 ms (95 %: 0.38 to 0.44 ms, n = 4,800, 8 blocks), all of the interval on the right side of the required < 1 ms, 0.56 ms from it.',
    );
    const broke = judge(
      resolved('decision.felt_p95_shift', '< 0.2 ms'),
      [place([100, 150]), place([380, 440]), place([900, 950])],
      free,
    );
    assert.match(
      broke.why,
      /^Broke in 2 of 3 places: foremost .* 0\.925 ms .*wrong side of the required < 0\.2 ms, 0\.7 ms beyond it\.$/,
    );
    assert.deepEqual(
      broke.evidence.map((e) => e.result),
      ['held', 'broke', 'broke'],
    );
    const tightest = judge(resolved('decision.felt_p95_shift', '< 1 ms'), [place([100, 150]), place([380, 940])], free);
    assert.match(tightest.why, /^Held in all of 2 places: nearest to the limit .*0\.06 ms from it/);
  });

  it('one place that broke breaks it, one that is open leaves it open', () => {
    const of = (...places: Place[]) => judge(resolved('decision.felt_p95_shift', '< 1 ms'), places, free).result;
    assert.equal(of(place([1, 2]), place(null), place([2_000, 3_000])), 'broke');
    assert.equal(of(place([1, 2]), place(null)), 'inconclusive');
    assert.equal(of(), 'inconclusive');
    assert.match(judge(resolved('decision.felt_p95_shift', '< 1 ms'), [], free).why, /nothing was measured/);
  });

  it('a warning caps it either way', () => {
    const caps: Caps = { intervals: ['aborted'], counts: [] };
    for (const ci95 of [
      [1, 2],
      [2_000, 3_000],
    ] as [number, number][]) {
      const {
        result: found,
        why,
        evidence,
      } = judge(resolved('decision.felt_p95_shift', '< 1 ms'), [place(ci95)], caps);
      assert.equal(found, 'inconclusive');
      assert.match(why, /^Inconclusive, capped by aborted: /);
      assert.equal(evidence[0]!.result, 'inconclusive');
    }
  });

  it('what is counted is exact, whatever the number of blocks', () => {
    const of = (events: number, n: number, caps = free) =>
      judge(
        resolved('correlation', '= 100 %'),
        [
          place(null, {
            label: 'log lines of agent',
            estimate: events / n,
            counts: { events, of: n, what: 'join their trace' },
            n,
          }),
        ],
        caps,
      );
    assert.equal(of(100_000, 100_000).result, 'held');
    assert.equal(of(99_999, 100_000).result, 'broke');
    assert.match(of(99_999, 100_000).why, /99,999 of 100,000 join their trace, 1 too few for the required = 100 %/);
    assert.equal(of(0, 0).result, 'inconclusive');
    assert.equal(of(5, 5, { intervals: ['few blocks'], counts: [] }).result, 'held');
    assert.equal(of(5, 5, { intervals: ['every block void'], counts: ['every block void'] }).result, 'inconclusive');
    const none = judge(
      resolved('retry401', '= 0 %'),
      [place([0, 0.1], { counts: { events: 3, of: 100, what: 'calls' } })],
      free,
    );
    assert.match(none.why, /3 of 100 calls, 3 too many for the required = 0 %/);
  });

  it('a rate without an event is never "0 %"', () => {
    const { why, result: found } = judge(resolved('retry401', '< 0.5 %'), [place([0, 0.001], { estimate: 0 })], free);
    assert.equal(found, 'held');
    assert.match(why, /none seen \(95 %: 0 to 0\.1 %/);
  });
});

describe('under load', () => {
  it('calls per second, workers and ratios have units of their own', () => {
    for (const [key, value, limit, unit] of [
      ['gateway.frontier_p99_10ms', '> 500 /s', 500, 'per_s'],
      ['gateway.frontier_p99_1ms', '>= 0.5 calls/s', 0.5, 'per_s'],
      ['gateway.saturation', '> 1200.5 /s', 1_200.5, 'per_s'],
      ['knee', '>= 4 workers', 4, 'workers'],
      ['gateway.cpu_us_per_call', '< 0.5 ms', 500, 'us'],
      ['decision.frontier_p99_10ms_ratio', '>= 80 %', 0.8, 'ratio'],
      ['gateway.cpu_us_per_call_ratio', '<= 250 %', 2.5, 'ratio'],
    ] as const) {
      const threshold = resolved(key, value);
      assert.deepEqual([threshold.limit, threshold.unit], [limit, unit], key);
    }
    assert.deepEqual(resolved('gateway.saturation_ratio', '> 50 %').compare, 'decision');
    assert.equal(resolved('knee', '> 1 workers').arm, null);
  });

  it('what such a figure cannot be is refused', () => {
    assert.match(refused('gateway.saturation', '> 5 ms').expected, /calls per second for saturation: \/s or calls\/s/);
    assert.match(refused('gateway.saturation', '> -5 /s').expected, /none or more calls per second/);
    assert.match(refused('gateway.saturation', '= 5 /s').expected, /never one value/);
    assert.match(refused('gateway.knee', '> 3 /s').expected, /workers for knee/);
    assert.equal(refused('gateway.saturation_ratio', '> -1 %').expected, 'a ratio from 0 % to 1000 %');
    assert.match(refused('native-regressed.saturation', '> 5 /s').expected, /an arm that is in the load phase/);
    assert.match(refused('gateway.frontier_p99_7ms', '> 5 /s').expected, /frontier_p99_10ms/);
    assert.match(refused('gateway.saturation@tool-chain', '> 5 /s').expected, /the load phase has one workload/);
  });

  const carried = (value: string, ci95: Place['ci95'], more: Partial<Place> = {}) =>
    judge(
      resolved('gateway.frontier_p99_10ms', value),
      [place(ci95, { label: 'frontier_p99_10ms of gateway', estimate: 1_000, ...more })],
      free,
    );

  it('a figure without an upper end can hold what is asked for at least, and break what is asked for at most', () => {
    assert.equal(carried('> 500 /s', [1_000, null]).result, 'held');
    assert.equal(carried('< 500 /s', [1_000, null]).result, 'broke');
    assert.equal(carried('> 2000 /s', [1_000, null]).result, 'inconclusive');
    assert.equal(carried('< 2000 /s', [1_000, null]).result, 'inconclusive');
    assert.match(
      carried('> 500 /s', [1_000, null]).why,
      /1000 calls\/s \(95 %: 1000 calls\/s or more, .* 500 calls\/s from it/,
    );
  });

  it('between a rate that was carried and one that was too slow nothing is decided, and it says why where it can', () => {
    assert.equal(carried('>= 1000 /s', [1_000, 1_500]).result, 'held');
    assert.equal(carried('> 1200 /s', [1_000, 1_500]).result, 'inconclusive');
    assert.match(
      carried('> 1200 /s', [1_000, 1_500]).why,
      /since the interval reaches both sides of the required > 1200 \/s/,
    );
    assert.match(
      carried('> 1200 /s', [1_000, null], { missing: 'no step was too slow for gateway' }).why,
      /since no step was too slow for gateway, against/,
    );
    const ratio = judge(
      resolved('decision.saturation_ratio', '>= 80 %'),
      [place([0.4, 0.6], { label: 'saturation_ratio of gateway ÷ native', estimate: 0.5 })],
      free,
    );
    assert.match(ratio.why, /^Broke: .* 50 % \(95 %: 40 to 60 %, .* 20 percentage points beyond it/);
  });
});

describe('the exit code', () => {
  const of = (...results: Judgement['result'][]) =>
    thresholdError({
      thresholds: results.map((r) => ({
        threshold: 'retry401',
        requirement: '< 1 %',
        metric: 'retry401',
        subject: { system: 'x', kind: 'modelled', placement: '', protocol: 'http' },
        result: r,
        why: 'Because.',
        evidence: [],
      })),
    });
  it('99 where one broke, 98 where one is open, none where all held', () => {
    assert.equal(of('held', 'broke', 'inconclusive')?.exitCode, 99);
    assert.equal(of('held', 'inconclusive')?.exitCode, 98);
    assert.equal(of('held'), null);
    assert.equal(of(), null);
    assert.match(
      of('broke', 'inconclusive')!.message,
      /1 of 2 thresholds broke, 1 are inconclusive:\n {2}retry401 < 1 %: Because\./,
    );
  });
});
