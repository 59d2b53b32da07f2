/**
 * The shape of campaign.yaml version 1 as far as this release carries it out. Each message is what was expected, as it
 * follows the word; what was found is added where the problem is told. Keys of the contract that do not work yet stand
 * in `later.ts`.
 */
import { z } from 'zod';
import { protocols } from '#contract/calls.ts';
import { auditModes, sparedControls } from '#contract/config.ts';
import { attachUrl, upstreamUrl } from './addresses.ts';
import { builtinAttacks } from './attacks.ts';
import { builtinWorkloads } from './builtin.ts';
import { durationMetrics, loadMetricNames } from './claims.ts';
import { listText } from './problems.ts';
import { profileNames } from './profiles.ts';

const map = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, { error: `a map with ${listText(Object.keys(shape))}` });
const oneOf = <const V extends readonly string[]>(values: V) => z.enum(values, { error: listText(values) });
const text = (expected: string, max: number) =>
  z
    .string({ error: expected })
    .max(max, { error: `${expected} of at most ${max} characters` })
    .regex(/^[^\p{Cc}]*\S[^\p{Cc}]*$/u, { error: expected });
const number = (expected: string, lo: number, hi: number) =>
  z.number({ error: expected }).min(lo, { error: expected }).max(hi, { error: expected });
const whole = (expected: string, lo: number, hi: number) =>
  z.int({ error: expected }).min(lo, { error: expected }).max(hi, { error: expected });

const named = (pattern: RegExp, expected: string) => z.string({ error: expected }).regex(pattern, { error: expected });
/** Names of arms and gateways stand in client ids, file names and service instances. */
const name = named(/^[a-z][a-z0-9-]{0,31}$/, 'a name of lower-case letters, digits and dashes, at most 32');
const label = named(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, 'a name of letters, digits, dashes and underscores, at most 32');

const list = <T extends z.ZodType>(item: T, expected: string, most = 32) =>
  z
    .array(item, { error: expected })
    .min(1, { error: expected })
    .max(most, { error: `at most ${most} entries` });

const arm = map({
  agent: oneOf(['builtin']).optional(),
  controls: oneOf(['on', 'off', 'regressed']).optional(),
  gateway: name.optional(),
  delay_ms: number('a number of ms from 0 to 1000', 0, 1_000).optional(),
  telemetry: oneOf(['off', 'light', 'full']).optional(),
  audit: oneOf(auditModes).optional(),
  settings: z
    .record(z.string(), z.unknown(), { error: 'a map such as {security.oauth.scope_hash_validation: false}' })
    .optional(),
  without: list(oneOf(sparedControls), 'a list such as [policy]').optional(),
});

/** Set by the agent, or by HTTP itself: another value would break tokens, traces or framing. */
const ownHeaders =
  /^(authorization|host|content-length|content-type|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|proxy-.*|traceparent|tracestate|weighbridge-.*)$/i;
const headerName = named(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, 'a header name (RFC 9110 §5.6.2)').refine(
  (value) => !ownHeaders.test(value),
  { error: 'a header that the agent does not set itself' },
);
const headerValue = named(/^[\x21-\x7e]([\x20-\x7e]{0,1022}[\x21-\x7e])?$/, 'printable ASCII text, at most 1024');

const gateway = map({
  attach: z.string({ error: 'the http:// URL of the gateway' }).superRefine(attachUrl),
  upstream: z.string({ error: 'the http://127.0.0.1:PORT that the gateway forwards to' }).superRefine(upstreamUrl),
  product: named(/^[A-Za-z0-9][A-Za-z0-9._+/-]{0,63}@[A-Za-z0-9][A-Za-z0-9._+-]{0,31}$/, 'product@version'),
  placement: oneOf(['sidecar', 'central', 'egress']).optional(),
  protocol: oneOf(['http']).optional(),
  headers: z.record(headerName, headerValue, { error: 'a map of header names and values' }).optional(),
  deny: z
    .array(map({ http: whole('a status from 400 to 599', 400, 599) }), { error: 'a list such as [{http: 403}]' })
    .max(16, { error: 'at most 16 denials' })
    .optional(),
});

const condition = map({
  service: oneOf(['instant', 'realistic']).optional(),
  concurrency: whole('a whole number from 1 to 64', 1, 64).optional(),
  protocol: oneOf(protocols).optional(),
});

const comparison = map({ arm: name, baseline: name });

const ms = (expected: string) => number(expected, -60_000, 60_000);
const claim = map({
  compare: label.optional(),
  arm: name.optional(),
  baseline: name.optional(),
  metric: oneOf([...durationMetrics, ...loadMetricNames]).optional(),
  margin_ms: z
    .tuple([ms('a number of ms'), ms('a number of ms')], { error: 'two numbers of ms, [from, to]' })
    .refine(([lo, hi]) => lo < hi, { error: 'two numbers of ms, the lower one first' })
    .optional(),
  below_ms: ms('a number of ms').optional(),
  at_least: text('a number and a unit', 40).optional(),
  at_most: text('a number and a unit', 40).optional(),
});

const load = map({ probe: oneOf(['autocannon']).optional() });
const attacks = list(oneOf(builtinAttacks), 'a list of attacks', builtinAttacks.length);
const security = map({ attacks: attacks.optional() });

const maxDuration = named(/^[1-9][0-9]{0,4}(s|m|h)$/, 'a duration such as 90s, 30m or 2h');
const profileMap = map({ name: oneOf(profileNames).optional(), max_duration: maxDuration.optional() });

const seed = z.union([z.int({ error: 'a whole number' }), text('text', 64)], { error: 'a whole number or text' });
const armNames = list(name, 'a list of built-in arms');
const armMap = z.record(name, arm.nullable(), { error: 'a map of arms' });
const claimNames = list(label, 'a list of claims');
const claimMap = z.record(label, claim.nullable(), { error: 'a map of claims' });

/** Keys and values have a grammar of their own: `bench/thresholds`. */
const requirement = text("a requirement in quotes, for example '< 1 ms'", 40);
const thresholdKey = text('[arm.]metric', 160);
const thresholdMap = z
  .record(thresholdKey, requirement, { error: "a map such as {retry401: '< 0.5 %'}" })
  .refine((all) => Object.keys(all).length <= 64, { error: 'at most 64 thresholds' });

export const campaignSchema = map({
  version: z.literal(1, { error: '1' }).optional(),
  question: text('one line of text', 300).optional(),
  seed: seed.optional(),
  gateways: z.record(name, gateway, { error: 'a map of gateways' }).optional(),
  arms: z.union([armNames, armMap], { error: 'a list of built-in arms, or a map of arms' }).optional(),
  workloads: list(oneOf(builtinWorkloads), 'a list of workloads').optional(),
  conditions: list(condition, 'a list such as [{service: instant, concurrency: 1}]').optional(),
  compare: z.record(label, comparison, { error: 'a map of comparisons' }).optional(),
  claims: z.union([claimNames, claimMap], { error: 'a list of built-in claims, or a map of claims' }).optional(),
  profile: z.union([oneOf(profileNames), profileMap], { error: `${listText(profileNames)}, or a map` }).optional(),
  thresholds: thresholdMap.optional(),
  load: load.optional(),
  security: security.optional(),
  report: map({ sign: text('the path of a PEM file', 1_000).optional() }).optional(),
});

export type CampaignFile = z.infer<typeof campaignSchema>;
export type ClaimFile = z.infer<typeof claim>;
export type ArmFile = z.infer<typeof arm>;
export type GatewayFile = z.infer<typeof gateway>;

/** Keys that each map takes, by path; `*` is any key or index. For telling which one was meant. */
export const keysAt: readonly (readonly [pattern: string, keys: readonly string[]])[] = [
  ['', Object.keys(campaignSchema.shape)],
  ['gateways.*', Object.keys(gateway.shape)],
  ['gateways.*.deny.*', ['http']],
  ['arms.*', Object.keys(arm.shape)],
  ['conditions.*', Object.keys(condition.shape)],
  ['compare.*', Object.keys(comparison.shape)],
  ['report', ['sign']],
  ['load', Object.keys(load.shape)],
  ['security', Object.keys(security.shape)],
  ['claims.*', Object.keys(claim.shape)],
  ['profile', Object.keys(profileMap.shape)],
];
