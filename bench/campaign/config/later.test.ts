import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { laterRules } from './later.ts';
import { gateway, linesOf } from './testing.ts';

describe('what a later release does is refused by name', () => {
  const cases: [text: string, name: string, path: string][] = [
    ['agents: {ours: {run: x}}', 'agents', 'agents'],
    ['tools: {t: {url: x}}', 'tools', 'tools'],
    ['auth: {issuer: x}', 'auth', 'auth'],
    ['telemetry: {}', 'telemetry', 'telemetry'],
    ['safety:', 'safety', 'safety'],
    ['report: {redact: [hosts]}', 'redacting the report (redact)', 'report.redact'],
    [
      'gateways: {ours: {run: ./gw, product: n@1, upstream: "http://127.0.0.1:9700"}}',
      'starting a gateway (run)',
      'gateways.ours.run',
    ],
    [gateway('restart: ./r.sh'), 'restarting a gateway (restart)', 'gateways.ours.restart'],
    [gateway('protocol: mcp'), 'protocol mcp', 'gateways.ours.protocol'],
    [gateway('deny: [{jsonrpc: -32003}]'), 'a denial over JSON-RPC (jsonrpc)', 'gateways.ours.deny[0]'],
    [
      gateway('').replace('http://127.0.0.1:8088', 'https://127.0.0.1:8088'),
      'a gateway behind TLS (https)',
      'gateways.ours.attach',
    ],
    [
      `${gateway('')}\nconditions: [{}, {protocol: https}]`,
      'a condition over TLS beside an attached gateway',
      'conditions[1].protocol',
    ],
    [
      gateway('').replace('http://127.0.0.1:8088', 'http://10.0.0.7:8088'),
      'a gateway on another host (it takes safety.allow_hosts)',
      'gateways.ours.attach',
    ],
    [
      gateway('').replace('http://127.0.0.1:8088', 'http://127.0.0.1.evil.test:8088'),
      'a gateway on another host (it takes safety.allow_hosts)',
      'gateways.ours.attach',
    ],
    ['workloads: [{import: t.json, tasks: 5}]', 'an imported workload', 'workloads[0]'],
    ['arms: {x: {agent: ours}}', 'an agent other than builtin', 'arms.x.agent'],
    [
      'claims: {x: {compare: fix, metric: retry401_shift, below_ms: 1}}',
      'a claim of your own on a rate',
      'claims.x.metric',
    ],
  ];
  for (const [text, name, path] of cases) {
    it(`${name} at ${path}`, () => {
      const lines = linesOf(text).filter((line) => line.includes('is not supported'));
      assert.equal(lines.length, 1);
      assert.ok(lines[0]!.includes(` ${path}: found`), lines[0]);
      assert.ok(lines[0]!.includes(`; ${name} is not supported in this release; `), lines[0]);
      assert.equal(linesOf(text).filter((line) => line.includes(` ${path}:`)).length, 1, 'told once');
    });
  }

  it('every rule has a case here', () => {
    assert.deepEqual(
      [...new Set(laterRules.map((r) => r.what))].filter((what) => !cases.some(([, name]) => name === what)),
      [],
    );
  });

  it('the whole example of the contract is refused for what is later, and for nothing else', () => {
    const lines = linesOf(contractExample);
    assert.deepEqual(lines.map((line) => /^c\.yaml:\d+:\d+ (\S+): /.exec(line)?.[1]).sort(), [
      'agents',
      'arms.ours.agent',
      'auth',
      'gateways.ours.deny[1]',
      'gateways.ours.restart',
      'gateways.ours.upstream',
      'report.redact',
      'safety',
      'telemetry',
      'tools',
      'workloads[2]',
    ]);
    assert.ok(
      lines.every((line) => line.includes('not supported in this release') || line.includes('upstream: found nothing')),
      lines.join('\n'),
    );
  });

  it('a profile or arm on the command line too', () => {
    assert.deepEqual(linesOf('', { profile: 'qiuck' }), [
      '--profile: found "qiuck", expected smoke, quick, standard or rigorous; did you mean quick?',
    ]);
    assert.match(linesOf('', { arms: ['nativ'] })[0]!, /^--arms: found "nativ", expected .*; did you mean native\?$/);
  });
});

/** The contract's example of version 1, word for word. */
const contractExample = `version: 1
question: Move 300 agents behind our gateway?
gateways:
  ours:
    attach: http://127.0.0.1:8088        # or run: a command that starts it
    product: agentgateway@1.4            # goes into every verdict's subject
    placement: sidecar                   # sidecar | central | egress
    protocol: http                       # http | mcp
    restart: ./restart-gateway.sh        # between blocks; absent: recorded, and the claim narrowed
    headers: {x-team: triage}
    deny: [{http: 403}, {jsonrpc: -32003}]
agents:
  ours: {run: python3 agent.py, product: triage@4.2, trace: header}   # header | meta | none
tools:
  tickets: {url: http://127.0.0.1:9000, protocol: http}
auth:
  issuer: http://127.0.0.1:9001
  source: {grant: client_credentials, id: wb, secret: {file: secret.txt}}
arms:
  native:   {agent: builtin, controls: on}
  our-gw:   {agent: builtin, controls: off, gateway: ours}
  ours:     {agent: ours, gateway: ours}
workloads: [tool-chain, fan-out, {import: traces.otlp.json, tasks: 500, read_only: true}]
conditions: [{service: instant, concurrency: 1}, {service: realistic, concurrency: 4}]
compare:
  decision: {arm: our-gw, baseline: native}
claims:
  C1: {compare: decision, metric: felt_p95_shift, margin_ms: [5, 15]}
  ours: {compare: decision, metric: felt_p95_shift, below_ms: 1}
profile: {name: standard, max_duration: 2h}
telemetry: {mirror: {otlp: http://127.0.0.1:4318}}
safety: {allow_hosts: [127.0.0.1], max_rps: 50, attacks: []}     # attacks are off against anything that is not ours
thresholds: {gateway.felt_p95_shift: '< 1 ms', retry401: '< 0.5 %', correlation: '= 100 %'}
report: {redact: [hosts], sign: key.pem}
`;
