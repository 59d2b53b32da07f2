import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settingKeys } from '#contract/settings.ts';
import { closestOf } from './problems.ts';
import { gateway, linesOf, refusalOf, refusedAs } from './testing.ts';

describe('a bad file: place, path, found, expected', () => {
  it('a misspelt value names the closest', () =>
    refusedAs(
      'version: 1\narms:\n  mine:\n    controls: regresed\n',
      'c.yaml:4:15 arms.mine.controls: found "regresed", expected on, off or regressed; did you mean regressed?',
    ));

  it('a misspelt key names the closest, at every depth', () => {
    refusedAs(
      'sede: 1',
      'c.yaml:1:1 sede: found an unknown key, expected version, question, seed, gateways, arms, workloads, conditions, compare, claims, profile, thresholds, load, security or report; did you mean seed?',
    );
    refusedAs(
      'arms: {mine: {contrls: on}}',
      'c.yaml:1:15 arms.mine.contrls: found an unknown key, expected agent, controls, gateway, delay_ms, telemetry, audit, settings or without; did you mean controls?',
    );
    refusedAs(
      'conditions: [{conccurency: 2}]',
      'c.yaml:1:15 conditions[0].conccurency: found an unknown key, expected service, concurrency or protocol; did you mean concurrency?',
    );
    assert.match(linesOf('claims: {x: {belo_ms: 1}}')[0]!, /did you mean below_ms\?$/);
    assert.match(linesOf('profile: {nam: quick}')[0]!, /did you mean name\?$/);
    assert.match(linesOf('compare: {x: {arm: native, baselin: direct}}').join(), /did you mean baseline\?/);
    assert.match(linesOf(gateway('prodct: x@1'))[0]!, /did you mean product\?$/);
  });

  it('an audit mode where no log of ours is kept, another of a built-in arm, and one that there is not', () => {
    refusedAs(
      'arms: {native: {audit: group_commit}}',
      'c.yaml:1:24 arms.native.audit: found "group_commit", expected no audit mode, or an arm with gateway: gateway',
    );
    refusedAs(
      'arms: {bare: {gateway: passthrough, audit: buffered}}',
      'c.yaml:1:44 arms.bare.audit: found "buffered", expected no audit mode, or an arm with gateway: gateway',
    );
    refusedAs(
      'arms: {gateway: {audit: group_commit}}',
      'c.yaml:1:25 arms.gateway.audit: found "group_commit", expected buffered, as gateway has; or an arm with a name that is not built in',
    );
    refusedAs(
      'arms: {ours: {gateway: gateway, audit: group_comit}}',
      'c.yaml:1:40 arms.ours.audit: found "group_comit", expected buffered or group_commit; did you mean group_commit?',
    );
  });

  it('what an arm has switched off: a key or value that the agent would refuse, and where there is nothing to switch off', () => {
    const keys = settingKeys.join(', ');
    refusedAs(
      'arms:\n  mine:\n    controls: on\n    settings:\n      security.oauth.pkce: true\n      scope_hash_validation: false\n      plugins: {sandbox_network: strict}',
      `c.yaml:5:7 arms.mine.settings.security.oauth.pkce: found an unknown key, expected one of ${keys}; did you mean security.oauth.pkce_required?`,
      `c.yaml:6:7 arms.mine.settings.scope_hash_validation: found an unknown key, expected one of ${keys}; did you mean security.oauth.scope_hash_validation?`,
      'c.yaml:7:34 arms.mine.settings.plugins.sandbox_network: found "strict", expected restricted or off',
    );
    refusedAs(
      'arms: {mine: {settings: {plugins.block_unsigned: false}}}',
      'c.yaml:1:15 arms.mine.settings: found a map (plugins.block_unsigned), expected an arm with controls: on',
    );
    refusedAs(
      'arms: {native: {settings: {plugins.block_unsigned: false}}}',
      'c.yaml:1:17 arms.native.settings: found a map (plugins.block_unsigned), expected no settings, as native has; or an arm with a name that is not built in',
    );
    refusedAs(
      'arms: {mine: {controls: on, settings: {plugins.block_unsigned: false, plugins: {block_unsigned: false}}}}',
      'c.yaml:1:81 arms.mine.settings.plugins.block_unsigned: found plugins.block_unsigned a second time, expected each once',
    );
    refusedAs(
      'arms: {mine: {gateway: passthrough, without: [policy]}}',
      'c.yaml:1:37 arms.mine.without: found a list of 1, expected an arm with gateway: gateway',
    );
    refusedAs(
      'arms: {gateway: {without: [policy]}}',
      'c.yaml:1:18 arms.gateway.without: found a list of 1, expected no without, as gateway has; or an arm with a name that is not built in',
    );
    refusedAs(
      'arms: {mine: {gateway: gateway, without: [bearer, budgett, audit, audit]}}',
      'c.yaml:1:43 arms.mine.without[0]: found "bearer", expected rate_limit, policy, budget, audit, second_factor or approval',
      'c.yaml:1:51 arms.mine.without[1]: found "budgett", expected rate_limit, policy, budget, audit, second_factor or approval; did you mean budget?',
    );
    refusedAs(
      'arms: {mine: {gateway: gateway, without: [audit, audit]}}',
      'c.yaml:1:50 arms.mine.without[1]: found audit a second time, expected each once',
    );
    refusedAs(
      'arms: {mine: {gateway: gateway, without: [audit], audit: group_commit}}',
      'c.yaml:1:58 arms.mine.audit: found "group_commit", expected no audit mode, or an arm with gateway: gateway',
    );
  });

  it('an attack that there is not, and one that is named twice', () => {
    assert.match(
      linesOf('security: {attacks: [mising-header]}')[0]!,
      /^c\.yaml:1:22 security\.attacks\[0\]: found "mising-header", expected .*; did you mean missing-header\?$/,
    );
    refusedAs(
      'security: {attacks: [missing-header, missing-header]}',
      'c.yaml:1:38 security.attacks[1]: found missing-header a second time, expected each once',
    );
    assert.match(linesOf('security: {atacks: [missing-header]}')[0]!, /did you mean attacks\?$/);
  });

  it('all problems are listed, in the order of the file', () => {
    const lines = linesOf(
      'version: 2\nseed: 1.5\nworkloads: [tool-chian]\nconditions: [{concurrency: 65}]\nnonsense: 1',
    );
    assert.deepEqual(
      lines.map((line) => line.split(', expected')[0]),
      [
        'c.yaml:1:10 version: found 2',
        'c.yaml:2:7 seed: found 1.5',
        'c.yaml:3:13 workloads[0]: found "tool-chian"',
        'c.yaml:4:28 conditions[0].concurrency: found 65',
        'c.yaml:5:1 nonsense: found an unknown key',
      ],
    );
    assert.equal(refusalOf('version: 2\nseed: 1.5').where, 'c.yaml:1:10');
  });

  it('names are checked too where another key has the wrong shape', () => {
    const text = `arms:
  native: {controls: off}
  our-gw: {gateway: our, contrls: on}
thresholds: {retry401: 5, our-gw.felt_p95_shfit: '< 1 ms'}
workloads: [tool-chian, fan-out]
compare:
  x: {arm: our-gw, baseline: nativ}
claims:
  y: {compare: y, metric: felt_p50_shift, below_ms: 1}
  z: {compare: hop, metric: felt_p50_shift, below_ms: one}
`;
    assert.deepEqual(
      linesOf(text).map((line) => line.split(': found')[0]),
      [
        'c.yaml:2:22 arms.native.controls',
        'c.yaml:3:21 arms.our-gw.gateway',
        'c.yaml:3:26 arms.our-gw.contrls',
        'c.yaml:4:24 thresholds.retry401',
        'c.yaml:4:27 thresholds.our-gw.felt_p95_shfit',
        'c.yaml:5:13 workloads[0]',
        'c.yaml:7:30 compare.x.baseline',
        'c.yaml:9:16 claims.y.compare',
        'c.yaml:10:55 claims.z.below_ms',
      ],
    );
  });

  it('a name that is itself wrong is told once, and not wherever it is used', () => {
    assert.deepEqual(
      linesOf('gateways: {ours: 5}\narms: {a: {gateway: ours}}').map((line) => line.split(': found')[0]),
      ['c.yaml:1:18 gateways.ours'],
    );
  });

  it('a missing key is told where its map stands', () =>
    refusedAs(
      'gateways:\n  ours:\n    attach: http://127.0.0.1:8088\n    upstream: http://127.0.0.1:9700\n',
      'c.yaml:3:5 gateways.ours.product: found nothing, expected product@version',
    ));

  it('no more than twenty lines, and how many more', () => {
    const many = Array.from({ length: 30 }, (_, i) => `k${i}: 1`).join('\n');
    const lines = linesOf(many);
    assert.equal(lines.length, 21);
    assert.equal(lines.at(-1), 'and 10 more');
  });
});

describe('what only names can be wrong about', () => {
  const refused: [what: string, text: string, message: RegExp][] = [
    ['a list with an arm that is not built in', 'arms: [natve]', /arms\[0\]: found "natve".*did you mean native\?/],
    ['an arm twice', 'arms: [native, native]', /arms\[1\]: found native a second time/],
    ['a workload twice', 'workloads: [fan-out, fan-out]', /workloads\[1\]/],
    [
      'a protocol that there is not',
      'conditions: [{protocol: h2}]',
      /conditions\[0\]\.protocol: found "h2", expected http or https/,
    ],
    [
      'a condition twice',
      'conditions: [{}, {concurrency: 1}]',
      /conditions\[1\]: found instant\/c1\/http a second time/,
    ],
    [
      'an arm behind an unknown gateway',
      'arms: {a: {gateway: theirs}}',
      /arms.a.gateway: found "theirs", expected none, passthrough or gateway/,
    ],
    [
      'a built-in name with another meaning',
      'arms: {native: {controls: off}}',
      /arms.native.controls: found "off", expected on, as native has/,
    ],
    [
      'a delay of a built-in arm that is no placebo',
      'arms: {passthrough: {delay_ms: 7}}',
      /arms.passthrough.delay_ms: found 7, expected no delay, as passthrough has/,
    ],
    [
      'a delay where controls would decide too',
      'arms: {mine: {controls: on, gateway: passthrough, delay_ms: 7}}',
      /arms.mine.delay_ms: found 7, expected no delay, or an arm with controls: off and gateway: passthrough/,
    ],
    [
      'a built-in arm watched otherwise',
      'arms: {gateway: {telemetry: full}}',
      /arms.gateway.telemetry: found "full", expected light, as gateway has/,
    ],
    [
      'an untraced arm that is to be traced',
      'arms: {direct-untraced: {telemetry: light}}',
      /arms.direct-untraced.telemetry: found "light", expected off, as direct-untraced has/,
    ],
    [
      'a model of the past watched otherwise',
      'arms: {old: {controls: regressed, telemetry: off}}',
      /arms.old.telemetry: found "off", expected light where controls are regressed/,
    ],
    ['a way of watching that there is not', 'arms: {a: {telemetry: some}}', /expected off, light or full/],
    [
      'a delay without a gateway of ours',
      'arms: {mine: {delay_ms: 7}}',
      /arms.mine.delay_ms: found 7, expected no delay/,
    ],
    [
      'a negative delay',
      'arms: {placebo: {delay_ms: -1}}',
      /delay_ms: found -1, expected a number of ms from 0 to 1000/,
    ],
    ['a gateway in no arm', `${gateway('')}\narms: [native]`, /gateways.ours: found a gateway in no arm/],
    [
      'a gateway with a built-in name',
      gateway('').replace('ours', 'passthrough'),
      /found the built-in name passthrough/,
    ],
    [
      'an upstream that is the gateway itself',
      gateway('').replace('9700', '8088'),
      /upstream: found the port that attach names/,
    ],
    [
      'a comparison with an arm that is not there',
      'arms: [native]\ncompare: {x: {arm: native, baseline: layered}}',
      /compare.x.baseline: found "layered"/,
    ],
    [
      'a comparison of an arm with itself',
      'compare: {x: {arm: native, baseline: native}}',
      /compare.x: found native twice/,
    ],
    ['an unknown claim', 'claims: [C1]', /claims\[0\]: found the claim "C1", expected C1a, C1b/],
    [
      'a built-in claim without its arms',
      'arms: [native]\nclaims: [C1a]',
      /found C1a, which compares added, expected both of its arms/,
    ],
    [
      'a wider margin under a built-in name',
      'claims: {C1a: {margin_ms: [1, 15]}}',
      /claims.C1a: found 1 ms to 15 ms, expected a margin within 5 ms to 15 ms/,
    ],
    [
      'a half-open margin under a built-in name',
      'claims: {C1a: {below_ms: 15}}',
      /found at most 15 ms, expected a margin within/,
    ],
    [
      'another metric under a built-in name',
      'claims: {C1b: {metric: felt_p50_shift}}',
      /expected felt_p95_shift, as C1b has/,
    ],
    ['a changed rate claim', 'claims: {C3: {below_ms: 1}}', /expected C3 as it stands/],
    ['a changed correlation claim', 'claims: {C8: {compare: hop}}', /expected C8 as it stands/],
    [
      'a claim without a margin',
      'claims: {x: {compare: hop, metric: felt_p50_shift}}',
      /a claim with margin_ms or below_ms/,
    ],
    ['a claim without a metric', 'claims: {x: {compare: hop, below_ms: 1}}', /a claim with a metric/],
    [
      'a claim without a comparison',
      'claims: {x: {metric: felt_p50_shift, below_ms: 1}}',
      /a claim with compare, or with arm and baseline/,
    ],
    [
      'a claim with two margins',
      'claims: {x: {compare: hop, metric: felt_p50_shift, below_ms: 1, margin_ms: [0, 1]}}',
      /found margin_ms too/,
    ],
    ['a claim with half a pair', 'claims: {x: {arm: native, metric: felt_p50_shift, below_ms: 1}}', /found arm alone/],
    [
      'a claim with a pair and a comparison',
      'claims: {x: {compare: hop, arm: native, metric: felt_p50_shift, below_ms: 1}}',
      /found arm or baseline too/,
    ],
    [
      'a claim on an unknown comparison',
      'claims: {x: {compare: hopp, metric: felt_p50_shift, below_ms: 1}}',
      /did you mean hop\?/,
    ],
    [
      'a claim on an unknown arm',
      'claims: {x: {arm: nativ, baseline: direct, metric: felt_p50_shift, below_ms: 1}}',
      /claims.x.arm: found "nativ".*did you mean native\?/,
    ],
    [
      'a margin from high to low',
      'claims: {x: {compare: hop, metric: felt_p50_shift, margin_ms: [2, 1]}}',
      /the lower one first/,
    ],
  ];
  for (const [what, text, message] of refused) {
    it(what, () => {
      const error = refusalOf(text);
      assert.match(error.message, message);
      assert.match(error.message, /c\.yaml:\d+:\d+ /);
    });
  }

  it('gateways that forward to different ports', () => {
    const two = `gateways:
  a: {attach: 'http://127.0.0.1:8088', upstream: 'http://127.0.0.1:9700', product: n@1}
  b: {attach: 'http://127.0.0.1:8089', upstream: 'http://127.0.0.1:9701', product: n@1}
`;
    assert.match(refusalOf(two).message, /c\.yaml:3:\d+ gateways\.b\.upstream: .*the tools listen on one port/);
  });
});

describe('addresses, headers, denials', () => {
  const bad = (more: string): string => linesOf(gateway(more)).join('\n');
  it('an upstream is http://127.0.0.1:PORT and no other', () => {
    for (const upstream of [
      'http://localhost:9700',
      'http://127.0.0.1',
      'http://127.0.0.1:80',
      'https://127.0.0.1:9700',
      'http://127.0.0.1:9700/x',
      'http://127.0.0.1:99999',
    ]) {
      assert.match(
        refusalOf(gateway('').replace('http://127.0.0.1:9700', upstream)).message,
        /gateways\.ours\.upstream/,
      );
    }
  });

  it('an attach URL has no user, query or fragment, and a password in it is not repeated', () => {
    for (const attach of [
      'http://u:geheim@127.0.0.1:8088',
      'http://127.0.0.1:8088/?x=1',
      'http://127.0.0.1:8088/#x',
      'ftp://127.0.0.1',
      'nonsense',
    ]) {
      const { message } = refusalOf(gateway('').replace('http://127.0.0.1:8088', attach));
      assert.match(message, /gateways\.ours\.attach: found ".*", expected an http:\/\/ URL/);
      assert.doesNotMatch(message, /geheim/);
    }
  });

  it('headers that the agent or HTTP sets are refused, and so are line breaks; values are not repeated', () => {
    for (const name of [
      'Authorization',
      'host',
      'traceparent',
      'weighbridge-call',
      'Transfer-Encoding',
      'proxy-authorization',
    ]) {
      assert.match(bad(`headers: {${name}: x}`), /a header that the agent does not set itself/);
    }
    assert.match(bad('headers: {"x y": z}'), /a header name/);
    const split = bad('headers: {x-key: "geheim\\r\\nx: y"}');
    assert.match(split, /gateways\.ours\.headers\.x-key: found a value \(not shown\), expected printable ASCII/);
    assert.doesNotMatch(split, /geheim/);
  });

  it('a denial is a status from 400 to 599', () => {
    for (const status of ['200', '600', '"403"', '403.5'])
      assert.match(bad(`deny: [{http: ${status}}]`), /a status from 400 to 599/);
  });
});

describe('a threshold that is none', () => {
  const refused: [what: string, text: string, line: RegExp][] = [
    [
      'an unknown metric',
      "{gateway.felt_p95_shfit: '< 1 ms'}",
      /^c\.yaml:1:14 thresholds\.gateway\.felt_p95_shfit: found "felt_p95_shfit", expected a metric: .*; did you mean felt_p95_shift\?$/,
    ],
    [
      'a unit of something else',
      "{gateway.felt_p95_shift: '< 5 %'}",
      /^c\.yaml:1:38 thresholds\.gateway\.felt_p95_shift: found "%", expected a unit of time for felt_p95_shift: µs, ms or s$/,
    ],
    ['no operator', "{retry401: '0.5 %'}", /found "0\.5 %", expected an operator/],
    ['a number', '{retry401: 0.5}', /found 0\.5, expected a requirement in quotes/],
    ['an unknown arm', "{gatewya.p95: '< 5 ms'}", /found "gatewya", expected an arm: .*did you mean gateway\?$/],
    [
      'an arm with several baselines',
      "{native.retry401_shift: '< 1 %'}",
      /expected one comparison: controls_native\.retry401_shift \(native − direct\) or fix\.retry401_shift/,
    ],
    [
      'a condition that is not run',
      "{gateway.p95@instant/c2/http: '< 5 ms'}",
      /found "@instant\/c2\/http", expected @ and where p95 is measured/,
    ],
    ['a list', '[a]', /^c\.yaml:1:13 thresholds: found a list of 1, expected a map such as/],
  ];
  for (const [what, text, line] of refused)
    it(what, () => {
      const lines = linesOf(`thresholds: ${text}`);
      assert.equal(lines.length, 1);
      assert.match(lines[0]!, line);
    });
});

it('the closest word: neighbours swapped count once; what is far is not named', () => {
  assert.equal(closestOf('naitve', ['direct', 'native']), 'native');
  assert.equal(closestOf('NATIVE', ['direct', 'native']), 'native');
  assert.equal(closestOf('elephant', ['direct', 'native']), undefined);
});
