/** Requests by somebody who is not the agent: from the attacker's machine, with whatever the attacker holds. */
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { tokenHash } from '#contract/dpop.ts';
import type { Random } from '#contract/random.ts';
import { operationByName } from '#contract/tools.ts';

export interface StrangersRequest {
  /** Of a gateway or of the tools. */
  base: string;
  /** `tool.operation` */
  operation: string;
  args?: Record<string, string | number>;
  headers?: Record<string, string>;
  /** Absent: the request belongs to no trace. */
  trace_id?: string;
  timeout_ms?: number;
}

export interface Answer {
  status: number;
  /** By our gateway's own word: which control refused it. */
  denied_by: string | null;
  www_authenticate: string | null;
  headers: Headers;
  body: string;
}

const defaultTimeout_ms = 10_000;
const deniedByHeader = 'weighbridge-denied-by';

/** 32 hex digits, for the trace of a stranger's request. */
export const newTrace = (random: Random): string => hexOf(random, 32);

function hexOf(random: Random, digits: number): string {
  // Never all zero, which W3C Trace Context §3.2.2.3 forbids.
  return `1${Array.from({ length: digits - 1 }, () => random.int(16).toString(16)).join('')}`;
}

/** One attempt over HTTP; redirects are not followed. @throws where no answer comes */
export async function ask(request: StrangersRequest): Promise<Answer> {
  const { base, headers = {}, trace_id } = request;
  const { method, path, body } = wireOf(request);
  const response = await fetch(`${base}${path}`, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(request.timeout_ms ?? defaultTimeout_ms),
    headers: {
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...(trace_id === undefined ? {} : { traceparent: `00-${trace_id}-${trace_id.slice(0, 16)}-01` }),
      ...headers,
    },
    body,
  });
  return {
    status: response.status,
    denied_by: response.headers.get(deniedByHeader),
    www_authenticate: response.headers.get('www-authenticate'),
    headers: response.headers,
    body: await response.text(),
  };
}

/** As a request stands on the wire, by the catalogue: `{id}` in the path, the rest in the query or the JSON body. */
export function wireOf({ operation: name, args = {} }: Pick<StrangersRequest, 'operation' | 'args'>): {
  method: string;
  path: string;
  body: string | null;
} {
  const operation = operationByName.get(name);
  if (!operation) throw new Error(`no operation ${name}`);
  const { id, ...others } = args;
  const inPath = operation.path.includes('{id}');
  const path = inPath ? operation.path.replace('{id}', encodeURIComponent(String(id ?? ''))) : operation.path;
  const rest = inPath ? others : args;
  if (operation.method === 'POST' || operation.method === 'PUT') {
    return { method: operation.method, path, body: JSON.stringify(rest) };
  }
  const query = new URLSearchParams(
    Object.entries(rest).map(([key, value]): [string, string] => [key, String(value)]),
  ).toString();
  return { method: operation.method, path: query === '' ? path : `${path}?${query}`, body: null };
}

/** A key of the attacker's own, and proofs of possession by it (RFC 9449 §4.2). */
export class OwnKey {
  readonly #privateKey: KeyObject;
  readonly #header: string;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.#privateKey = privateKey;
    const { kty, crv, x } = publicKey.export({ format: 'jwk' });
    this.#header = encoded({ typ: 'dpop+jwt', alg: 'EdDSA', jwk: { kty, crv, x } });
  }

  /** @param url without query; @param token access token, absent at a token endpoint */
  proof(method: string, url: string, token?: string): string {
    const ath = token === undefined ? {} : { ath: tokenHash(token) };
    const claims = { jti: randomUUID(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000), ...ath };
    const signed = `${this.#header}.${encoded(claims)}`;
    return `${signed}.${sign(null, Buffer.from(signed), this.#privateKey).toString('base64url')}`;
  }
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
