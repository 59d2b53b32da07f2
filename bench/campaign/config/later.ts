/**
 * What the contract of campaign.yaml names and this release does not do. It is refused by name, so that nobody takes
 * a figure for one that a setting had shaped.
 */
import { isLoopback } from './addresses.ts';
import { rateMetrics } from './claims.ts';
import { describeValue, type Path, type Problem } from './problems.ts';

interface LaterRule {
  /** Path with `*` for any key or index. */
  at: string;
  /** Does the value ask for it? Absent: the key alone does. */
  asks?: (value: unknown) => boolean;
  what: string;
  mend: string;
}

const is =
  (...words: string[]) =>
  (value: unknown): boolean =>
    typeof value === 'string' && words.includes(value);
const isUrl = (test: (url: URL) => boolean) => (value: unknown) =>
  typeof value === 'string' && URL.canParse(value) && test(new URL(value));
const has = (key: string) => (value: unknown) =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key);

const notBuiltIn = (value: unknown): boolean => typeof value === 'string' && value !== 'builtin';

export const laterRules: readonly LaterRule[] = [
  { at: 'agents', what: 'agents', mend: 'remove it: the built-in agent runs in every arm' },
  { at: 'tools', what: 'tools', mend: "remove it: the testbed's own tools are called" },
  { at: 'auth', what: 'auth', mend: "remove it: the testbed's own authorization server issues the tokens" },
  { at: 'telemetry', what: 'telemetry', mend: 'remove it: spans and logs stay in the results directory' },
  { at: 'safety', what: 'safety', mend: 'remove it: nothing leaves this machine' },
  { at: 'report.redact', what: 'redacting the report (redact)', mend: 'remove it' },
  { at: 'gateways.*.run', what: 'starting a gateway (run)', mend: 'start it yourself and give attach' },
  {
    at: 'gateways.*.restart',
    what: 'restarting a gateway (restart)',
    mend: 'remove it: it keeps running between blocks',
  },
  { at: 'gateways.*.protocol', asks: is('mcp'), what: 'protocol mcp', mend: 'use protocol http' },
  {
    at: 'gateways.*.deny.*',
    asks: has('jsonrpc'),
    what: 'a denial over JSON-RPC (jsonrpc)',
    mend: 'use {http: STATUS}',
  },
  {
    at: 'gateways.*.attach',
    asks: isUrl((url) => url.protocol === 'https:'),
    what: 'a gateway behind TLS (https)',
    mend: 'attach it by http on this machine',
  },
  {
    at: 'gateways.*.attach',
    asks: isUrl((url) => url.protocol === 'http:' && !isLoopback(url.hostname)),
    what: 'a gateway on another host (it takes safety.allow_hosts)',
    mend: 'attach one on 127.0.0.1',
  },
  {
    at: 'workloads.*',
    asks: has('import'),
    what: 'an imported workload',
    mend: 'use tool-chain, fan-out or assistant-day',
  },
  { at: 'arms.*.agent', asks: notBuiltIn, what: 'an agent other than builtin', mend: 'use agent: builtin' },
  { at: 'claims.*.metric', asks: is(...rateMetrics), what: 'a claim of your own on a rate', mend: 'use C3 or C6' },
];

const notYet = ({ what, mend }: LaterRule): Pick<Problem, 'expected' | 'mend'> => ({
  expected: '',
  mend: `${what} is not supported in this release; ${mend}`,
});

/** Everything in the data that a later release will do. */
export function findLater(data: unknown): Omit<Problem, 'at'>[] {
  return laterRules.flatMap((rule) =>
    matches(data, rule.at.split('.'))
      .filter(({ value }) => rule.asks?.(value) ?? true)
      .map(({ path, value }) => ({ path, found: describeValue(value), ...notYet(rule) })),
  );
}

function matches(value: unknown, pattern: readonly string[], path: Path = []): { path: Path; value: unknown }[] {
  const [key, ...rest] = pattern;
  if (key === undefined) return [{ path, value }];
  if (typeof value !== 'object' || value === null) return [];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([k, v]) => (key === '*' || key === k ? matches(v, rest, [...path, k]) : []));
}
