import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { manifestSchema } from '#contract/manifest.ts';
import { attacks } from '../../security/attacks/index.ts';
import { builtinAttacks } from './attacks.ts';
import { builtinWorkloads } from './builtin.ts';
import { gatewayExample, thresholdsExample } from './example.ts';
import { annotatedExample, defaultCampaign, loadCampaign, parseCampaign } from './index.ts';

const gateways = `gateways:
  ours: {attach: 'http://127.0.0.1:8088', upstream: 'http://127.0.0.1:9700', product: nginx@1.22}
`;

describe('an empty file', () => {
  it('is the quick reference campaign', () => {
    const config = parseCampaign('');
    assert.deepEqual(
      config.arms.map((a) => a.arm),
      ['direct', 'direct-b', 'native', 'native-regressed', 'passthrough', 'gateway', 'layered'],
    );
    assert.deepEqual(config.profile, {
      name: 'quick',
      blocks: 8,
      rounds: 15,
      slice_calls: 25,
      lead_in: 5,
      pause_ms: 20,
      settle_ms: 30_000,
      pilot: null,
      intervals: true,
      max_duration_s: null,
    });
    assert.deepEqual(config.workloads, ['tool-chain']);
    assert.deepEqual(
      config.conditions.map((c) => c.name),
      ['instant/c1/http', 'realistic/c1/http'],
    );
    assert.deepEqual(config.realistic, { median_us: 2_000, sigma: 0.4 });
    assert.equal(config.slo, 0.99);
    assert.deepEqual(config.gateways, {});
    assert.deepEqual(config, parseCampaign('version: 1'));
    assert.deepEqual(config, defaultCampaign());
  });

  it('judges the eleven built-in claims, in the shape of the manifest, with their regions', () => {
    const { claims } = parseCampaign('');
    assert.doesNotThrow(() => manifestSchema.shape.claims.parse(claims));
    assert.deepEqual(
      claims.map((c) => [c.claim, c.compare, c.metric, c.region, c.unit]),
      [
        ['C1a', 'added', 'felt_p50_shift', [5_000, 15_000], 'us'],
        ['C1b', 'decision', 'felt_p95_shift', [5_000, 15_000], 'us'],
        ['C2', 'decision', 'connected_mean_shift', [5_000, null], 'us'],
        ['C3', 'fix', 'retry401_shift', [null, -0.001], 'ratio'],
        ['C4', 'every arm', 'escalation', [null, null], 'ratio'],
        ['C5', 'every arm', 'blocked_calls', [null, null], 'ratio'],
        ['C6', 'decision', 'error_rate_shift', [-0.01, 0.01], 'ratio'],
        ['C7', 'every arm', 'silent_failure', [null, null], 'ratio'],
        ['C8', 'every arm', 'correlation_share', [0.99, null], 'ratio'],
        ['C9', 'decision', 'cpu_per_call_shift', [1, null], 'us'],
        ['C10', 'every arm', 'log_evidence', [null, null], 'ratio'],
      ],
    );
  });

  it('makes each built-in comparison', () => {
    assert.deepEqual(
      parseCampaign('').comparisons.map((c) => `${c.name}: ${c.arm} - ${c.baseline}`),
      [
        'hop: passthrough - direct',
        'controls_native: native - direct',
        'controls_gateway: gateway - passthrough',
        'decision: gateway - native',
        'added: gateway - direct',
        'layered: layered - direct',
        'aa: direct-b - direct',
        'fix: native - native-regressed',
      ],
    );
  });
});

describe('arms', () => {
  it('as a list brings the pair of equals along, and only comparisons and claims whose arms are there', () => {
    const config = parseCampaign('arms: [native, gateway]');
    assert.deepEqual(
      config.arms.map((a) => a.arm),
      ['direct', 'direct-b', 'native', 'gateway'],
    );
    assert.deepEqual(
      config.comparisons.map((c) => c.name),
      ['controls_native', 'decision', 'added', 'aa'],
    );
    assert.deepEqual(
      config.claims.map((c) => c.claim),
      ['C1a', 'C1b', 'C2', 'C4', 'C5', 'C6', 'C7', 'C8', 'C9', 'C10'],
    );
  });

  it('regressed controls run in the lifecycle phase alone', () => {
    const arms = parseCampaign('arms: {old: {controls: regressed}, native: {}}').arms;
    assert.deepEqual(
      arms.map((a) => [a.arm, a.lifecycle_only]),
      [
        ['direct', false],
        ['direct-b', false],
        ['old', true],
        ['native', false],
      ],
    );
  });

  it('a placebo is a gateway with its controls off that adds a known delay, and is there where it is asked for', () => {
    const [plain] = parseCampaign('arms: [placebo]').arms.slice(-1);
    const placebo = {
      arm: 'placebo',
      agent: 'builtin',
      controls: 'off',
      gateway: 'passthrough',
      lifecycle_only: false,
      delay_ms: 7,
    };
    assert.deepEqual(plain, placebo);
    const config = parseCampaign(
      'arms: {passthrough: {}, placebo: {delay_ms: 0.25}, placebo-0: {gateway: passthrough, delay_ms: 0}}',
    );
    assert.deepEqual(config.arms.slice(-2), [
      { ...placebo, delay_ms: 0.25 },
      { ...placebo, arm: 'placebo-0', delay_ms: 0 },
    ]);
    assert.ok(config.comparisons.some((c) => c.name === 'placebo' && c.baseline === 'passthrough'));
    assert.equal(
      parseCampaign('').arms.some((a) => a.arm === 'placebo'),
      false,
    );
  });

  it('may have something switched off on purpose: what is as every control on is left out, in one order', () => {
    const { arms, comparisons } = parseCampaign(
      `arms:
        native: {}
        dotted: {controls: on, settings: {plugins.block_unsigned: false, security.oauth.pkce_required: false}}
        nested: {controls: on, settings: {security: {oauth: {pkce_required: false}}, plugins: {block_unsigned: false}}}
        same: {controls: on, settings: {plugins.block_unsigned: true}}
        bare: {controls: on, gateway: gateway, without: [audit, policy]}`,
    );
    const by = new Map(arms.map((a) => [a.arm, a]));
    const settings = { 'security.oauth.pkce_required': false, 'plugins.block_unsigned': false };
    assert.deepEqual(by.get('dotted'), { ...by.get('native'), arm: 'dotted', settings });
    // By their text: a resumed campaign is held against the digest of it.
    assert.equal(JSON.stringify(by.get('nested')!.settings), JSON.stringify(by.get('dotted')!.settings));
    assert.deepEqual(by.get('same'), { ...by.get('native'), arm: 'same' });
    assert.deepEqual(by.get('bare')!.without, ['policy', 'audit']);
    assert.ok(comparisons.some((c) => c.name === 'added_dotted'));
  });

  it('has no price of durable records where the other arm keeps none, or has something else switched off', () => {
    const prices = (other: string) =>
      parseCampaign(`arms: {other: {gateway: gateway, ${other}}, durable: {gateway: gateway, audit: group_commit}}`)
        .comparisons.map((c) => c.name)
        .filter((name) => name.startsWith('durability'));
    assert.deepEqual(prices('audit: buffered'), ['durability_durable']);
    assert.deepEqual(prices('without: [audit]'), []);
    assert.deepEqual(prices('without: [policy]'), []);
  });

  it('may have durable audit records, whose price is a comparison with the arm that differs in nothing else', () => {
    const arms =
      'native: {}, gateway: {audit: buffered}, layered: {}, gateway-durable: {gateway: gateway, audit: group_commit}';
    const config = parseCampaign(
      `arms: {${arms}, both-durable: {controls: on, gateway: gateway, audit: group_commit}}`,
    );
    assert.deepEqual(
      config.arms.map(({ arm, audit }) => [arm, audit]).filter(([, audit]) => audit !== undefined),
      [
        ['gateway-durable', 'group_commit'],
        ['both-durable', 'group_commit'],
      ],
    );
    const named = (text: string) =>
      parseCampaign(text)
        .comparisons.filter(({ name }) => name.startsWith('durability'))
        .map(({ name, baseline }) => [name, baseline]);
    assert.deepEqual(named(`arms: {${arms}, both-durable: {controls: on, gateway: gateway, audit: group_commit}}`), [
      ['durability_gateway-durable', 'gateway'],
      ['durability_both-durable', 'layered'],
    ]);
    assert.deepEqual(named('arms: {layered: {}, alone: {gateway: gateway, audit: group_commit}}'), []);
    assert.deepEqual(named(''), []);
    // The name does for claims and thresholds.
    const claim = '{compare: durability_gateway-durable, metric: felt_p95_shift, below_ms: 1}';
    assert.equal(
      parseCampaign(`arms: {${arms}}\nclaims: {ours: ${claim}}`).claims[0]!.compare,
      'durability_gateway-durable',
    );
  });

  it('may be watched otherwise: the built-in ones where they are asked for, own ones by telemetry; light is what all have', () => {
    const named = ['direct-untraced', 'direct-full-sdk', 'passthrough-untraced', 'passthrough-full-sdk'];
    const { arms } = parseCampaign(`arms: [passthrough, ${named.join(', ')}]`);
    assert.deepEqual(
      arms.map(({ arm, gateway, telemetry }) => [arm, gateway, telemetry]),
      [
        ['direct', 'none', undefined],
        ['direct-b', 'none', undefined],
        ['passthrough', 'passthrough', undefined],
        ['direct-untraced', 'none', 'off'],
        ['direct-full-sdk', 'none', 'full'],
        ['passthrough-untraced', 'passthrough', 'off'],
        ['passthrough-full-sdk', 'passthrough', 'full'],
      ],
    );
    assert.ok(parseCampaign('').arms.every((a) => a.telemetry === undefined));
    const own = parseCampaign('arms: {mine: {controls: on, telemetry: full}, plain: {controls: on, telemetry: light}}');
    assert.deepEqual(
      own.arms.slice(-2).map((a) => [a.arm, a.telemetry]),
      [
        ['mine', 'full'],
        ['plain', undefined],
      ],
    );
    assert.equal(parseCampaign('arms: {native: {telemetry: light}}').arms.at(-1)!.telemetry, undefined);
  });

  it('that differ in nothing but how they are watched are compared with the one of which nothing is noted', () => {
    const watching = (text: string) =>
      parseCampaign(text)
        .comparisons.filter((c) => c.baseline.includes('untraced') || c.name.startsWith('watching'))
        .map(({ name, arm, baseline }) => [name, arm, baseline]);
    assert.deepEqual(
      watching('arms: [passthrough, direct-untraced, direct-full-sdk, passthrough-untraced, passthrough-full-sdk]'),
      [
        ['hop_untraced', 'passthrough-untraced', 'direct-untraced'],
        ['watching_direct', 'direct', 'direct-untraced'],
        ['watching_direct-full-sdk', 'direct-full-sdk', 'direct-untraced'],
        ['watching_passthrough', 'passthrough', 'passthrough-untraced'],
        ['watching_passthrough-full-sdk', 'passthrough-full-sdk', 'passthrough-untraced'],
      ],
    );
    assert.deepEqual(watching('arms: {gateway: {}, dark: {gateway: gateway, telemetry: off}}'), [
      ['watching_gateway', 'gateway', 'dark'],
    ]);
    assert.deepEqual(watching('arms: [direct-full-sdk]'), []);
    // What watching costs would be in a difference to direct.
    assert.ok(
      parseCampaign('arms: {dark: {gateway: gateway, telemetry: off}}').comparisons.every((c) => c.arm !== 'dark'),
    );
    const claim = '{compare: watching_passthrough, metric: felt_p50_shift, below_ms: 0.02}';
    const text = `arms: {passthrough: {}, passthrough-untraced: {}}\nclaims: {ours: ${claim}}`;
    assert.equal(parseCampaign(text).claims[0]!.compare, 'watching_passthrough');
  });

  it('of one’s own are compared with direct', () => {
    const config = parseCampaign('arms: {both: {controls: on, gateway: passthrough}}');
    assert.deepEqual(config.arms.at(-1), {
      arm: 'both',
      agent: 'builtin',
      controls: 'on',
      gateway: 'passthrough',
      lifecycle_only: false,
    });
    assert.ok(config.comparisons.some((c) => c.name === 'added_both' && c.baseline === 'direct'));
  });

  it('a built-in name may be spelt out as it is', () => {
    assert.deepEqual(
      parseCampaign('arms: {native: {agent: builtin, controls: on, gateway: none}}').arms,
      parseCampaign('arms: [native]').arms,
    );
  });
});

describe('an attached gateway', () => {
  it('without arms is weighed beside the built-in arms, under its own name', () => {
    const config = parseCampaign(gateways);
    assert.deepEqual(config.arms.at(-1), {
      arm: 'ours',
      agent: 'builtin',
      controls: 'off',
      gateway: { attached: 'ours' },
      lifecycle_only: false,
    });
    assert.equal(config.arms.length, 8);
    assert.deepEqual(config.gateways, {
      ours: {
        attach: 'http://127.0.0.1:8088',
        upstream: 'http://127.0.0.1:9700',
        upstream_port: 9700,
        product: 'nginx@1.22',
        placement: 'unstated',
        protocol: 'http',
      },
    });
    const added = config.comparisons.filter((c) => c.arm === 'ours').map((c) => [c.name, c.baseline]);
    assert.deepEqual(added, [
      ['added_ours', 'direct'],
      ['decision_ours', 'native'],
    ]);
    const own = config.claims.filter((c) => c.claim.endsWith('-ours')).map((c) => [c.claim, c.compare, c.metric]);
    assert.deepEqual(own, [
      ['C1a-ours', 'added_ours', 'felt_p50_shift'],
      ['C1b-ours', 'decision_ours', 'felt_p95_shift'],
    ]);
  });

  it('keeps path, headers and denials; a slash at the end is dropped', () => {
    const config = parseCampaign(`gateways:
  ours:
    attach: http://127.0.0.1:8088/agents/
    upstream: http://127.0.0.1:9700/
    product: nginx@1.22
    placement: central
    headers: {x-team: triage}
    deny: [{http: 403}, {http: 451}]
`);
    const ours = config.gateways.ours!;
    assert.equal(ours.attach, 'http://127.0.0.1:8088/agents');
    assert.equal(ours.upstream, 'http://127.0.0.1:9700');
    assert.equal(ours.placement, 'central');
    assert.deepEqual(ours.headers, { 'x-team': 'triage' });
    assert.deepEqual(ours.deny, [{ http: 403 }, { http: 451 }]);
  });

  it('the example of the contract, as far as this release goes', () => {
    const config = parseCampaign(gatewayExample);
    assert.deepEqual(
      config.comparisons.find((c) => c.name === 'decision'),
      { name: 'decision', arm: 'our-gw', baseline: 'native' },
    );
    assert.deepEqual(
      config.claims.map((c) => [c.claim, c.compare]),
      [['C1b', 'decision']],
    );
  });

  for (const attach of ['http://localhost:80', 'http://[::1]:8088', 'http://127.8.9.1:8088', 'http://127.1:8088']) {
    it(`at ${attach} is on this machine`, () => {
      assert.doesNotThrow(() => parseCampaign(gateways.replace('http://127.0.0.1:8088', attach)));
    });
  }
});

describe('claims', () => {
  it('a list selects', () => {
    assert.deepEqual(
      parseCampaign('claims: [C8, C1a]').claims.map((c) => c.claim),
      ['C8', 'C1a'],
    );
  });

  it('a margin inside the built-in one narrows', () => {
    const [claim] = parseCampaign('claims: {C1a: {margin_ms: [5, 8.5]}}').claims;
    assert.deepEqual(claim?.region, [5_000, 8_500]);
    assert.equal(claim?.margin, '5 ms to 8.5 ms');
  });

  it('one’s own has a statement, a region in µs and the margin in words', () => {
    const claims = parseCampaign(`claims:
  fast: {compare: hop, metric: hop_p95_shift, below_ms: 0.3}
  pair: {arm: layered, baseline: gateway, metric: felt_mean_shift, margin_ms: [-0.0049, 1]}
`);
    assert.deepEqual(claims.claims, [
      {
        claim: 'fast',
        statement: 'hop_p95_shift of passthrough against direct is at most 0.3 ms.',
        compare: 'hop',
        metric: 'hop_p95_shift',
        region: [null, 300],
        unit: 'us',
        margin: 'at most 0.3 ms',
      },
      {
        claim: 'pair',
        statement: 'felt_mean_shift of layered against gateway is -0.0049 ms to 1 ms.',
        compare: 'claim:pair',
        metric: 'felt_mean_shift',
        region: [-4.9, 1_000],
        unit: 'us',
        margin: '-0.0049 ms to 1 ms',
      },
    ]);
    assert.ok(
      claims.comparisons.some((c) => c.name === 'claim:pair' && c.arm === 'layered' && c.baseline === 'gateway'),
    );
  });
});

describe('thresholds', () => {
  it('have their names resolved, in the shape of the manifest', () => {
    const { thresholds } = parseCampaign(
      "thresholds: {gateway.felt_p95_shift: '< 1 ms', retry401: '< 0.5 %', correlation: '= 100 %'}",
    );
    assert.deepEqual(manifestSchema.shape.thresholds.parse(thresholds), thresholds);
    assert.deepEqual(
      thresholds.map((t) => [t.threshold, t.compare, t.arm, t.baseline, t.op, t.limit, t.unit]),
      [
        ['gateway.felt_p95_shift', 'decision', 'gateway', 'native', '<', 1_000, 'us'],
        ['retry401', null, null, null, '<', 0.005, 'ratio'],
        ['correlation', null, null, null, '=', 1, 'ratio'],
      ],
    );
  });

  it('of an arm that the command line leaves out stay required', () => {
    const text = "thresholds: {gateway.felt_p95_shift: '< 1 ms'}";
    assert.deepEqual(parseCampaign(text, 'f', { arms: ['native'] }).thresholds, parseCampaign(text).thresholds);
  });

  it('stand on arms, comparisons, workloads and conditions of the file', () => {
    const { thresholds } = parseCampaign(`${gateways}compare: {decision: {arm: ours, baseline: native}}
workloads: [assistant-day]
conditions: [{concurrency: 4}]
thresholds: {ours.felt_p95_shift@assistant-day/instant/c4/http: '< 1 ms', retry401@fan-out: '< 1 %'}
`);
    assert.deepEqual(
      thresholds.map((t) => [t.compare, t.workload, t.condition]),
      [
        ['decision', 'assistant-day', 'instant/c4/http'],
        [null, 'fan-out', null],
      ],
    );
  });
});

describe('the rest of the file', () => {
  it('profile, seed, question, workloads, conditions', () => {
    const config = parseCampaign(`question: Ours?
seed: 42
profile: {name: smoke, max_duration: 2m}
workloads: [fan-out, assistant-day]
conditions: [{}, {service: realistic, concurrency: 64}]
`);
    assert.equal(config.question, 'Ours?');
    assert.equal(config.seed, '42');
    assert.equal(config.profile.name, 'smoke');
    assert.equal(config.profile.intervals, false);
    assert.equal(config.profile.max_duration_s, 120);
    assert.deepEqual(config.workloads, ['fan-out', 'assistant-day']);
    assert.deepEqual(config.conditions, [
      { service: 'instant', concurrency: 1, protocol: 'http', name: 'instant/c1/http' },
      { service: 'realistic', concurrency: 64, protocol: 'http', name: 'realistic/c64/http' },
    ]);
    assert.ok(builtinWorkloads.includes('fan-out'));
  });

  it('a condition over TLS stands beside the same one over plain HTTP', () => {
    const { conditions } = parseCampaign('conditions: [{}, {protocol: https}, {concurrency: 4, protocol: http}]');
    assert.deepEqual(conditions, [
      { service: 'instant', concurrency: 1, protocol: 'http', name: 'instant/c1/http' },
      { service: 'instant', concurrency: 1, protocol: 'https', name: 'instant/c1/https' },
      { service: 'instant', concurrency: 4, protocol: 'http', name: 'instant/c4/http' },
    ]);
  });

  it('the command line stands above it', () => {
    const config = parseCampaign('seed: 1\nprofile: quick\narms: [native, layered]\nclaims: [C8]', 'f', {
      seed: '2',
      profile: 'smoke',
      arms: ['native', 'gateway'],
    });
    assert.equal(config.seed, '2');
    assert.equal(config.profile.blocks, 2);
    assert.deepEqual(config.arms.map((a) => a.arm).sort(), ['direct', 'direct-b', 'gateway', 'native']);
    assert.deepEqual(
      config.comparisons.map((c) => c.name),
      ['controls_native', 'decision', 'added', 'aa'],
    );
  });

  it('a gateway whose arm the command line leaves out is left out too', () => {
    assert.deepEqual(parseCampaign(gateways, 'f', { arms: ['native'] }).gateways, {});
  });
});

describe('attacks', () => {
  it('are those that there are', () =>
    assert.deepEqual(
      [...builtinAttacks],
      attacks.map(({ id }) => id),
    ));

  it('are all of them where no file says otherwise, and in their order where it does', () => {
    assert.equal('attacks' in parseCampaign(''), false);
    assert.equal('attacks' in parseCampaign(`security: {attacks: [${builtinAttacks.join(', ')}]}`), false);
    assert.deepEqual(parseCampaign('security: {attacks: [missing-header, revoked-token]}').attacks, [
      'revoked-token',
      'missing-header',
    ]);
  });
});

describe('the annotated example', () => {
  it('says what an arm may have switched off, and which attacks, as the file takes them', () => {
    const text = annotatedExample();
    const arms = [...text.matchAll(/(no-[a-z]+: \{.*?\}{1,2})(?= )/g)].map(([, arm]) => arm);
    assert.equal(arms.length, 2);
    const config = parseCampaign(`arms: {${arms.join(', ')}}\n${/^# (security: .*)$/m.exec(text)![1]}`);
    assert.deepEqual(
      config.arms.slice(2).map(({ settings, without }) => settings ?? without),
      [{ 'security.oauth.scope_hash_validation': false }, ['policy']],
    );
    assert.equal(config.attacks?.length, 2);
  });

  it('parses as it stands, and all that it says is in force', () => {
    const config = parseCampaign(annotatedExample());
    assert.equal(config.seed, '2026');
    assert.equal(config.profile.max_duration_s, 1_800);
    assert.equal(config.arms.length, 7);
    assert.deepEqual(
      config.claims.map((c) => c.claim),
      ['C1a', 'C1b', 'C2', 'C3', 'C6', 'C8', 'C9', 'our-budget'],
    );
    assert.ok(config.comparisons.some((c) => c.name === 'both_or_one'));
  });

  it('holds thresholds, which parse once the comment signs are off', () => {
    const lines = annotatedExample().split('\n');
    const start = lines.indexOf('# thresholds:');
    const end = lines.findIndex((line, i) => i > start && line === '');
    const uncommented = lines.slice(start, end).map((line) => line.replace(/^# ?/, ''));
    const { thresholds } = parseCampaign(`${annotatedExample()}\n${uncommented.join('\n')}`);
    assert.deepEqual(thresholds, parseCampaign(thresholdsExample).thresholds);
    assert.equal(thresholds.length, 7);
  });

  it('holds the gateway example, which parses once the comment signs are off', () => {
    const lines = annotatedExample().split('\n');
    const start = lines.indexOf('# gateways:');
    const end = lines.findIndex((line, i) => i > start && line === '');
    const uncommented = lines.slice(start, end).map((line) => line.replace(/^# ?/, ''));
    assert.deepEqual(parseCampaign(uncommented.join('\n')), parseCampaign(gatewayExample));
  });
});

describe('a file on disk', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wb config '));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  const written = (content: string | Buffer): string => {
    const path = join(dir, 'campaign.yaml');
    writeFileSync(path, content);
    return path;
  };

  it('comes back with its text', async () => {
    const { config, text } = await loadCampaign(written('seed: x # mine\n'));
    assert.equal(config.seed, 'x');
    assert.equal(text, 'seed: x # mine\n');
  });

  it('that is not there, no text, or too large is told so', async () => {
    await assert.rejects(loadCampaign(join(dir, 'none.yaml')), {
      code: 'CONFIG',
      message: /cannot be read \(ENOENT\)/,
    });
    await assert.rejects(loadCampaign(written(Buffer.from([0x61, 0xff]))), { code: 'CONFIG', message: /not UTF-8/ });
    await assert.rejects(loadCampaign(written('#'.repeat(300_000))), { code: 'CONFIG', message: /300000 bytes/ });
  });
});
