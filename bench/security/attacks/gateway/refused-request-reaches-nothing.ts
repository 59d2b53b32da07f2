/**
 * Behind the gateway stands an origin that keeps every byte. Requests that are to be refused, each in its own way, must
 * leave none there (norms 18 to 21, 26 and 29); and of a request that passes, no field that norms 25 and 28 forbid.
 */
import type { AuthMethods } from '#contract/control.ts';
import type { Random } from '#contract/random.ts';
import { approvalHeader, oneTimeCodeHeader } from '#contract/tools.ts';
import type { Attack, Range } from '../../attack.ts';
import { judged, notApplicable } from '../../means/finding.ts';
import { newTrace } from '../../means/stranger.ts';
import { Origin, sendBytes } from './means/origin.ts';
import { gatewayFor, hasControl } from './means/started.ts';
import { holderOf, programId } from './means/wire.ts';

const noGateway = 'No gateway stands in the path that could refuse a request before the tools see it.';

type TokenKind = AuthMethods['mint']['params']['kind'];
type Tokens = Record<TokenKind, string>;

const head = (first: string, ...fields: string[]): string =>
  `${[first, 'Host: gw.test', ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`;
const get = (path: string, ...fields: string[]): string => head(`GET ${path} HTTP/1.1`, ...fields);
const post = (path: string, body: string, ...fields: string[]): string =>
  head(`POST ${path} HTTP/1.1`, 'Content-Type: application/json', `Content-Length: ${body.length}`, ...fields) + body;
const bearer = (token: string): string => `Authorization: Bearer ${token}`;

const list = '/calendar/events';
const pay = '/payments/payments';

/** By what is wrong with each. */
function refusals(tokens: Tokens, trace: string): Record<string, string> {
  const good = bearer(tokens.good);
  return {
    'above the limit': post(pay, '{"payee":"acme","amount_cents":75000}', good, `traceparent: ${trace}`),
    'an amount twice': post(pay, '{"payee":"acme","amount_cents":1,"amount_cents":75000}', good),
    'no operation of the catalogue': get('/admin', good),
    'no token': get(list),
    'no JWT': get(list, bearer('abc.def.ghi')),
    'expired token': get(list, bearer(tokens.expired)),
    'token for another audience': get(list, bearer(tokens.wrong_audience)),
    'token without the scope': get(list, bearer(tokens.wrong_scope)),
    'token in the query': get(`${list}?access_token=${tokens.good}`),
    'two tokens': get(list, good, good),
    'two hosts': get(list, good, 'Host: other.test'),
    'a path that climbs': get('/calendar/../payments/balance', good),
    'absolute form of another host': head(`GET http://other.test${list} HTTP/1.1`, good),
    'length and chunks': `${head(`POST ${pay} HTTP/1.1`, good, 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    'a bad chunk size': `${head(`POST ${pay} HTTP/1.1`, good, 'Transfer-Encoding: chunked')}zz\r\nhello\r\n0\r\n\r\n`,
    'a folded field': get(list, good, 'X-Folded: one\r\n two'),
    'bare line feeds': get(list, good).replaceAll('\r\n', '\n'),
    'a tunnel': head('CONNECT other.test:443 HTTP/1.1', good),
    'an upgrade': get(list, good, 'Upgrade: websocket'),
  };
}

/** Fields that end at the gateway, each with a value of its own. */
function forbiddenFields(random: Random): { lines: string[]; canaries: Map<string, string> } {
  const canaries = new Map<string, string>();
  const marked = (name: string): string => {
    const canary = newTrace(random);
    canaries.set(name, canary);
    return canary;
  };
  const lines = [
    `Proxy-Authorization: Basic ${marked('Proxy-Authorization')}`,
    `Keep-Alive: ${marked('Keep-Alive')}`,
    `TE: ${marked('TE')}`,
    `Proxy-Connection: ${marked('Proxy-Connection')}`,
    `X-Of-This-Hop: ${marked('a field named in Connection')}`,
    'Connection: X-Of-This-Hop',
    `Forwarded: for=${marked('Forwarded')}`,
    `X-Forwarded-For: ${marked('X-Forwarded-For')}`,
    `X-Real-IP: ${marked('X-Real-IP')}`,
    `${oneTimeCodeHeader}: ${marked(oneTimeCodeHeader)}`,
    `${approvalHeader}: ${marked(approvalHeader)}`,
  ];
  return { lines, canaries };
}

async function tokensFor(range: Range, client_id: string): Promise<Tokens> {
  const mint = async (kind: TokenKind): Promise<string> =>
    (await range.auth.control.call('mint', { client_id, resource: range.resource, kind })).token;
  const [good, expired, wrong_audience, wrong_scope] = await Promise.all(
    (['good', 'expired', 'wrong_audience', 'wrong_scope'] as const).map(mint),
  );
  return { good: good!, expired: expired!, wrong_audience: wrong_audience!, wrong_scope: wrong_scope! };
}

export const refusedRequestReachesNothing: Attack = {
  id: 'refused-request-reaches-nothing',
  title: 'Refused requests, and forbidden header fields, at an origin that keeps every byte',
  capability: 'fail_closed',
  claims: ['C7'],
  story: false,
  counts_as_stopped: 'the origin gets not one byte of a refused request, and no field that ends at the gateway',
  notApplicable: (spec) => (spec.gateway === 'none' ? noGateway : undefined),
  async carryOut(range) {
    if (!range.gateway) return notApplicable(noGateway);
    const origin = await Origin.start();
    try {
      const gateway = await gatewayFor(range, {}, { upstream: origin.url, takes_unbound: true });
      await holderOf(range, gateway.url);
      return await sendAll(range, { url: gateway.url, origin, tokens: await tokensFor(range, programId) });
    } finally {
      await origin.stop();
    }
  },
};

async function sendAll(range: Range, at: { url: string; origin: Origin; tokens: Tokens }) {
  const { url, origin, tokens } = at;
  const trace_id = newTrace(range.random);
  const wanted = refusals(tokens, `00-${trace_id}-${trace_id.slice(0, 16)}-01`);
  const reached: string[] = [];
  const statuses: string[] = [];
  const started_ms = performance.now();
  let firstStop_ms: number | null = null;
  for (const [what, bytes] of Object.entries(wanted)) {
    const before = origin.received.length;
    const status = await sendBytes(url, bytes);
    firstStop_ms ??= performance.now() - started_ms;
    statuses.push(`${what} ${status}`);
    if (origin.received.length > before) reached.push(what);
  }
  const before = origin.received.length;
  const { lines, canaries } = forbiddenFields(range.random);
  const passed = await sendBytes(url, get(list, bearer(tokens.good), ...lines));
  const arrived = origin.received.slice(before);
  if (passed !== 200 || arrived === '') throw new Error(`a good request did not pass the gateway (${passed})`);
  const leaked = [...canaries].filter(([, canary]) => arrived.includes(canary)).map(([name]) => name);
  // Only where the gateway has credentials of its own is the agent's token to end there (norm 25).
  if (hasControl(range, 'credentials') && origin.received.includes(tokens.good)) leaked.push("the agent's token");
  return judged({
    tries: Object.keys(wanted).length + canaries.size,
    succeeded: reached.length + leaked.length,
    by: 'gateway',
    time_to_stop_ms: firstStop_ms,
    belief: null,
    trace_id,
    evidence: [
      { where: 'the origin behind the gateway', found: `bytes came of: ${reached.join(', ') || 'no refused request'}` },
      { where: 'the origin behind the gateway', found: `forbidden fields: ${leaked.join(', ') || 'none'}` },
      { where: 'answers to the attacker', found: statuses.join(', ') },
    ],
    why:
      reached.length + leaked.length > 0
        ? 'With its controls off the gateway passes on what it would refuse.'
        : 'Every control decides before the first byte goes upstream, and what belongs to one hop ends there.',
  });
}
