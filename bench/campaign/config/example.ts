/** What `weighbridge init` writes: a campaign.yaml in which every active key works, and the rest is said. */

const comment = (text: string): string => text.replace(/^(?!$)/gm, '# ').replace(/^$/gm, '#');

const opening = `# A campaign of Weighbridge: which arms are weighed, on which calls, and what is claimed about them.
# Every key may be left out. A key that is not known, or not supported yet, is an error.
#   weighbridge run campaign.yaml

version: 1

# Stands at the head of the report and of the decision record.
question: Where should the security of our agents live?

# Any number or text. The same seed issues the same calls in the same order in every arm.
seed: 2026

# smoke: parity, latency, lifecycle and correlation once, under a minute, no intervals · quick: 8 blocks, intervals, some minutes.
# max_duration ends a campaign that takes longer: 90s, 30m, 2h.
profile: {name: quick, max_duration: 30m}

# An arm is an agent, where its controls are on, and what stands in the path. Built in:
#   direct            no controls, no gateway     passthrough  a gateway with its controls off
#   direct-b          the same again              gateway      a gateway with its controls on
#   native            controls in the agent       layered      controls in both
#   native-regressed  controls as before the fix (in the lifecycle phase only)
# direct and direct-b are in every campaign: how far they differ is what it can resolve.
# placebo is a gateway with its controls off that adds a known delay, and is in no campaign unasked: placebo: {delay_ms: 7}.
# durable: {gateway: gateway, audit: group_commit} is the gateway whose audit records are on the disk before a call goes
# upstream; the others buffer theirs. Beside an arm like it but for that, durability_durable is its price.
# One thing off on purpose, in every phase: no-hash: {controls: on, settings: {security.oauth.scope_hash_validation: false}} (a key of
# the agent's config.yaml) or no-policy: {gateway: gateway, without: [policy]} (also rate_limit, budget, audit, second_factor,
# approval). Its cells of the security phase show what the control stops; claims that attacks decide leave the arm out.
# What watching costs: direct-untraced and passthrough-untraced note nothing, direct-full-sdk and passthrough-full-sdk note by
# OpenTelemetry's SDK (telemetry: off | light | full of an arm's agent and gateway; in the latency phase only).
arms: [direct, direct-b, native, native-regressed, passthrough, gateway, layered]

# tool-chain: five calls one after the other · fan-out: one, then four at once · assistant-day: mixed errands.
workloads: [tool-chain]

# service: how long the tools take (instant, or realistic: lognormal with a median of 2 ms) · concurrency: tasks at once, 1 to 64 ·
# protocol: http, or https: HTTP over TLS on every leg, under a name that is looked up, trusted by an authority made for each block.
conditions:
  - {service: instant, concurrency: 1}
  - {service: realistic, concurrency: 1}

# Beside the built-in comparisons: hop, controls_native, controls_gateway, decision, added, layered, aa, fix.
compare:
  both_or_one: {arm: layered, baseline: gateway}

# Built-in claims stand as they are, or with a margin inside their own; a claim of your own names a comparison, a
# metric in time (felt_p50_shift, felt_p95_shift, felt_mean_shift, hop_p95_shift, cpu_per_call_shift, ...) and margin_ms or below_ms.
claims:
  C1a:
  C1b:
  C2:
  C3:
  C6:
  C8:
  C9:
  our-budget: {compare: decision, metric: felt_p95_shift, below_ms: 1}

# Under load (\`--phases load\`; part of the profiles standard and rigorous) claims of your own name an arm, or a comparison
# for a ratio, with at_least or at_most:
#   our-load: {arm: gateway, metric: frontier_p99_10ms, at_least: 500 /s}
#   our-price: {compare: decision, metric: saturation_ratio, at_least: 80 %}
# autocannon as a probe of gateways and tools alone, beside the load phase; its samples are in no other figure.
# load: {probe: autocannon}

# Some attacks only (\`--phases security\`; part of the profiles standard and rigorous): the report says so, and claims that the
# others bear on stay open.
# security: {attacks: [missing-header, payment-above-threshold]}
`;

/** For a pipeline that must stop on a figure. */
export const thresholdsExample = `thresholds:
  gateway.felt_p95_shift: '< 2 ms'                    # the decision: gateway against native
  hop.felt_p50_shift@instant/c1/http: '<= 0.5 ms'     # a comparison by name, in one condition
  native.retry401: '< 20 %'
  native.error_rate: '<= 1 %'
  gateway.p99: '< 50 ms'
  correlation: '= 100 %'                              # counted: every line of every arm joins its trace
  gateway.frontier_p99_10ms: '> 500 /s'               # under load: the highest rate with a p99 under 10 ms
`;

const thresholdsIntroduction = `
# What you require: [arm.]metric[@workload/condition], an operator (< <= > >= =), a value and its unit. Judged by the 95 %
# interval in every workload and condition; \`run\` ends with 99 where one broke and with 98 where one is inconclusive.
`;

const signing = `
# Who measured it: an Ed25519 key signs the digests of all files. Make one with
#   openssl genpkey -algorithm ed25519 -out team.pem && chmod 600 team.pem && openssl pkey -in team.pem -pubout -out team.pub.pem
# and let others check with: npx weighbridge verify DIR --key team.pub.pem
# report: {sign: team.pem}           # from the directory that the command runs in
`;

/** Works as soon as something listens at `attach`. */
export const gatewayExample = `gateways:
  ours:
    attach: http://127.0.0.1:8088      # where the agents send their requests; this machine only, for now
    upstream: http://127.0.0.1:9700    # where it forwards to; the tools listen there during the campaign
    product: nginx@1.22                # in every verdict's subject
    placement: sidecar                 # sidecar | central | egress
    protocol: http
    headers: {x-team: triage}          # sent with every request through it; copied into the results, so no secrets
    deny: [{http: 403}]                # what its refusals look like
arms:
  native: {agent: builtin, controls: on}
  our-gw: {agent: builtin, controls: off, gateway: ours}
compare:
  decision: {arm: our-gw, baseline: native}
claims:
  C1b: {compare: decision}
`;

const gatewayIntroduction = `
# Your own gateway, weighed like any arm: start it, let it forward to \`upstream\`, and put this in place of the arms,
# comparisons and claims above.
`;

const later = `
# Later releases: agents, tools, auth, telemetry, safety, report.redact, gateways with run or restart, protocol mcp,
# imported workloads.
`;

/** The annotated file; its active keys all work in this release. */
export const annotatedExample = (): string =>
  [
    opening,
    thresholdsIntroduction,
    comment(thresholdsExample.trimEnd()),
    '\n',
    signing,
    gatewayIntroduction,
    comment(gatewayExample.trimEnd()),
    '\n',
    later,
  ].join('');
