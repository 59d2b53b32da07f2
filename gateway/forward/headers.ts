/**
 * Which header fields go on, in either direction (RFC 9110 §7.6; norm 28). One pass over the raw fields of a request
 * sorts them into those that are forwarded as they are and those that the gateway reads or replaces.
 */
import { approvalHeader, callHeader, nonceHeader, oneTimeCodeHeader, taskHeader } from '#contract/tools.ts';
import { deniedByHeader } from '../errors.ts';

const forward = 0;
const drop = 1;
const host = 2;
const authorization = 3;
const connection = 4;
const contentLength = 5;
const transferEncoding = 6;
const traceparent = 7;
const tracestate = 8;
const via = 9;
const call = 10;
const upgrade = 11;
const contentType = 12;
const oneTimeCode = 13;
const approval = 14;
const task = 15;
const dpop = 16;

/** By lower-case name; `x-forwarded-*` beside it. */
const treatment = new Map<string, number>([
  ['host', host],
  ['authorization', authorization],
  ['dpop', dpop],
  ['connection', connection],
  ['content-length', contentLength],
  ['transfer-encoding', transferEncoding],
  ['traceparent', traceparent],
  ['tracestate', tracestate],
  ['via', via],
  [callHeader, call],
  [oneTimeCodeHeader, oneTimeCode],
  [approvalHeader, approval],
  [taskHeader, task],
  ['content-type', contentType],
  ['upgrade', upgrade],
  ['keep-alive', drop],
  ['proxy-connection', drop],
  ['proxy-authorization', drop],
  ['proxy-authenticate', drop],
  ['http2-settings', drop],
  ['te', drop],
  ['trailer', drop],
  ['expect', drop],
  ['forwarded', drop],
  ['x-real-ip', drop],
]);
// The usual spellings answer without lower-casing first.
for (const [name, kind] of [...treatment]) {
  treatment.set(
    name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()),
    kind,
  );
}
for (const name of ['accept', 'Accept', 'user-agent', 'User-Agent', 'accept-encoding', 'accept-language']) {
  treatment.set(name, forward);
}

function treatmentOf(name: string): number {
  const lower = name.toLowerCase();
  return treatment.get(lower) ?? (lower.startsWith('x-forwarded-') ? drop : forward);
}

/** What a request's header section holds. */
export class RequestHeaders {
  /** Name, value, name, value … of the fields that go on as they are. */
  readonly forwarded: string[] = [];
  /** undefined where there is none; `hosts` counts them. */
  host: string | undefined;
  hosts = 0;
  authorization: string | undefined;
  authorizations = 0;
  /** The proof of possession; of several, all, so that none of them counts (RFC 9449 §4.3). */
  dpop: string | undefined;
  contentLength: number | undefined;
  transferEncoding: string | undefined;
  contentType: string | undefined;
  traceparent: string | undefined;
  tracestate: string | undefined;
  via: string | undefined;
  call: string | undefined;
  upgrade = false;
  task: string | undefined;
  /** undefined where there is none; of several, all, so that none of them counts. */
  oneTimeCode: string | undefined;
  approval: string | undefined;
  #connection: string | undefined;

  /** Names may be in any case; several fields of one name are joined where that is their meaning. */
  constructor(raw: readonly string[]) {
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!;
      const kind = treatment.get(name) ?? treatmentOf(name);
      if (kind === forward) this.forwarded.push(name, raw[i + 1]!);
      else if (kind !== drop) this.#take(kind, name, raw[i + 1]!);
    }
    if (this.#connection !== undefined) this.#dropNamed(this.#connection);
  }

  #take(kind: number, name: string, value: string): void {
    switch (kind) {
      case host:
        this.hosts++;
        this.host = value;
        break;
      case authorization:
        this.authorizations++;
        this.authorization = value;
        break;
      case dpop:
        this.dpop = joined(this.dpop, value);
        break;
      case connection:
        this.#connection = joined(this.#connection, value);
        break;
      case contentLength:
        this.contentLength = Number(value);
        break;
      case transferEncoding:
        this.transferEncoding = joined(this.transferEncoding, value);
        break;
      case traceparent:
        this.traceparent = joined(this.traceparent, value);
        break;
      case tracestate:
        this.tracestate = joined(this.tracestate, value);
        break;
      case via:
        this.via = joined(this.via, value);
        break;
      case upgrade:
        this.upgrade = true;
        break;
      case call:
        this.call = value;
        this.forwarded.push(name, value);
        break;
      case oneTimeCode:
        this.oneTimeCode = joined(this.oneTimeCode, value);
        break;
      case approval:
        this.approval = joined(this.approval, value);
        break;
      case task:
        this.task = value;
        this.forwarded.push(name, value);
        break;
      case contentType:
        this.contentType ??= value;
        this.forwarded.push(name, value);
        break;
    }
  }

  /** Fields that the Connection field names go no further (§7.6.1). */
  #dropNamed(value: string): void {
    if (value === 'keep-alive' || value === 'close') return;
    const named = optionsOf(value);
    const kept = this.forwarded;
    let length = 0;
    for (let i = 0; i < kept.length; i += 2) {
      if (named.has(kept[i]!.toLowerCase())) continue;
      kept[length++] = kept[i]!;
      kept[length++] = kept[i + 1]!;
    }
    kept.length = length;
    if (named.has('tracestate')) this.tracestate = undefined;
    if (named.has('via')) this.via = undefined;
  }
}

const joined = (before: string | undefined, value: string): string =>
  before === undefined ? value : `${before},${value}`;

const optionsOf = (connection: string): Set<string> =>
  new Set(connection.split(',').map((option) => option.trim().toLowerCase()));

/**
 * Does the Host field look like `host[:port]`? What is sent on in Forwarded is quoted, so nothing else may be in it.
 * RFC 9112 §3.2: an invalid value is answered with 400.
 */
export const isHost = (value: string): boolean => /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(value);

/**
 * The hop's own fields: Forwarded (RFC 7239), which says it all, and the one of its forerunners that upstreams still
 * look at. Every field more costs each call some microseconds at both ends (measured: four of them 14 µs).
 */
export function hopHeaders(peer: string, hostname: string, proto: 'http' | 'https'): string[] {
  const node = peer.includes(':') ? `"[${peer}]"` : peer;
  return ['forwarded', `for=${node};host="${hostname}";proto=${proto}`, 'x-forwarded-for', peer];
}

/** Our name in Via (§7.6.3). */
export const viaEntry = '1.1 weighbridge';

const responseHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  deniedByHeader,
]);
/** An agent files nonces by the server that it calls: this one would take the place of the gateway's own. */
const responseHopOfTokens = new Set([...responseHop, nonceHeader]);

/**
 * The fields of an upstream's answer that go on, as a raw list.
 * @param fields by lower-case name, as undici parsed them.
 * @param tokensEndHere is the gateway the agent's protected resource? Upstreams' nonces are for its proofs then.
 */
export function responseHeaders(
  fields: Record<string, string | string[] | undefined>,
  tokensEndHere: boolean,
): string[] {
  const dropped = tokensEndHere ? responseHopOfTokens : responseHop;
  const connectionField = fields.connection;
  const named =
    connectionField === undefined || connectionField === 'keep-alive' || connectionField === 'close'
      ? undefined
      : optionsOf(String(connectionField));
  const out: string[] = [];
  for (const name in fields) {
    if (dropped.has(name) || named?.has(name)) continue;
    const value = fields[name];
    if (typeof value === 'string') out.push(name, value);
    else if (value !== undefined) for (const one of value) out.push(name, one);
  }
  return out;
}
