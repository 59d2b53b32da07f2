import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { manifestSchema } from '#contract/manifest.ts';
import { attacks } from '../../security/attacks/index.ts';
import { builtinAttacks } from './attacks.ts';
import { builtinWorkloads } from './builtin.ts';
import { gatewayExample } from './example.ts';
import { defaultCampaign, loadCampaign, parseCampaign } from './index.ts';

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
      settle: { quiet_s: 1, at_most_ms: 30_000, between_slices_ms: 30_000, in_a_round_ms: 30_000 },
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
