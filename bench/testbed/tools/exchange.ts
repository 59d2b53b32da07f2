/** One request's way through the tools: token, arguments, service, service time, answer. */
import type { IncomingMessage } from 'node:http';
import type { ServiceTime } from '#contract/config.ts';
import type { ProofChecker } from '#contract/dpop.ts';
import { attr } from '#contract/names.ts';
import { callHeader, type Operation } from '#contract/tools.ts';
import type { ActiveSpan } from '../../../collectors/telemetry/index.ts';
import { digestOf, gatherArguments, InvalidArguments } from './arguments.ts';
import { readBody } from './body.ts';
import type { Effects } from './effects.ts';
import {
  type Challenges,
  keysUnavailable,
  methodNotAllowed,
  notFound,
  problem,
  type Reply,
  tooLarge,
} from './replies.ts';
import { idOf, type Route } from './routes.ts';
import { plannedServiceTime } from './service_time.ts';
import { implementations } from './services/index.ts';
import { type Access, KeysUnavailable, type TokenVerifier } from './verify.ts';

/** What all exchanges of a process share. */
export interface Shared {
  readonly verifier: TokenVerifier;
  readonly proofs: ProofChecker;
  /** Base URL under which agents reach the tools: their proofs are made for it. */
  readonly base: string;
  /** Are tokens refused that are bound to no key? */
  readonly requireBinding: boolean;
  readonly challenges: Challenges;
  readonly effects: Effects;
  readonly serviceTime: ServiceTime;
  /** Resolves after so many ns. */
  wait(duration_ns: number): Promise<void>;
}

const longestKey_chars = 200;
/** RFC 6750 §2.1 and RFC 9449 §7.1: the scheme in any case, then b64token. */
const tokenField = /^(?:bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i;
const tokenScheme = /^(?:bearer|(dpop))(?: |$)/i;
const noHeaders: readonly string[] = [];

/** Carries the request out; undefined where the client went away in its midst. Notes what it does on the span. */
export async function exchange(
  shared: Shared,
  req: IncomingMessage,
  route: Route | undefined,
  span: ActiveSpan,
): Promise<Reply | undefined> {
  if (!route) return notFound;
  const operation = route.byMethod.get(req.method!);
  if (!operation) return methodNotAllowed(route.allow);
  span.set(attr.toolName, operation.tool);
  span.set(attr.operation, operation.name);

  const started_ns = process.hrtime.bigint();
  const access = await authorize(shared, req, operation);
  span.set(attr.tokenCheckNs, process.hrtime.bigint() - started_ns);
  if ('status' in access) {
    if (access.cause) span.set(attr.cause, access.cause);
    return access;
  }

  const body = await readBody(req);
  if (body === 'aborted') return undefined;
  if (body === 'too_large') return tooLarge;
  try {
    return await perform({ shared, req, route, operation, clientId: access.clientId, body: body.text, span });
  } catch (error) {
    if (error instanceof InvalidArguments) return problem(400, error.message);
    throw error;
  }
}

/** Norms 18 to 21, in the order in which a request can fail them. */
async function authorize(shared: Shared, req: IncomingMessage, operation: Operation): Promise<Access | Reply> {
  const { challenges, verifier } = shared;
  if (hasTokenInQuery(req.url!)) return challenges.tokenInQuery;
  const field = req.headers.authorization;
  const scheme = field === undefined ? null : tokenScheme.exec(field);
  // A scheme that is not ours counts as no token (RFC 6750 §3.1). Two fields arrive joined, and so malformed.
  if (field === undefined || !scheme) return challenges.noToken;
  let verdict = verifier.cached(field.slice(scheme[0].length));
  if (verdict === undefined) {
    const token = tokenField.exec(field)?.[1];
    if (token === undefined) return challenges.malformedToken;
    try {
      verdict = await verifier.check(token);
    } catch (error) {
      if (error instanceof KeysUnavailable) return keysUnavailable;
      throw error;
    }
  }
  if (typeof verdict === 'string') return challenges.invalidToken(verdict);
  const unproven = possession(shared, req, verdict, scheme[1] !== undefined);
  if (unproven) return unproven;
  return verdict.scopes.has(operation.scope) ? verdict : challenges.insufficientScope(operation.scope);
}

/** Norms 23 and 24: a bound token needs its proof, and one that is not bound is worth no more for coming with one. */
function possession(shared: Shared, req: IncomingMessage, { binding }: Access, withProof: boolean): Reply | undefined {
  const { challenges, proofs, base, requireBinding } = shared;
  if (!binding) return withProof || requireBinding ? challenges.unboundToken : undefined;
  if (!withProof) return challenges.unproven('missing');
  // Several DPoP fields arrive joined, and so malformed (RFC 9449 §4.3).
  const proof = (req.headers.dpop as string | undefined) ?? '';
  const url = base + pathOf(req.url!);
  const now_ms = Date.now();
  const fault = proofs.check({ proof, method: req.method!, url, ...binding, now_ms });
  if (fault === 'nonce') return challenges.wantsNonce(proofs.nonce(now_ms));
  return fault === null ? undefined : challenges.unproven(fault);
}

const pathOf = (url: string): string => {
  const mark = url.indexOf('?');
  return mark < 0 ? url : url.slice(0, mark);
};
const queryOf = (url: string): string => {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
};
/** Parses only where the name can be there, perhaps in percent-encoding. */
const hasTokenInQuery = (url: string): boolean =>
  (url.includes('access_token') || url.includes('%')) && new URLSearchParams(queryOf(url)).has('access_token');

interface Permitted {
  shared: Shared;
  req: IncomingMessage;
  route: Route;
  operation: Operation;
  clientId: string;
  body: string;
  span: ActiveSpan;
}

/** @throws InvalidArguments */
async function perform(call: Permitted): Promise<Reply> {
  const { shared, req, route, operation, span } = call;
  const key = (req.headers[callHeader] as string | undefined) ?? '';
  if (key.length > longestKey_chars) throw new InvalidArguments(`${callHeader} is too long`);
  if (call.body !== '' && (operation.method === 'GET' || operation.method === 'DELETE')) {
    throw new InvalidArguments('this operation takes no body');
  }
  const url = req.url!;
  const query = queryOf(url);
  const id = route.hasId ? pathId(pathOf(url)) : undefined;
  const args = gatherArguments(id, query, call.body);
  const digest = digestOf(args);
  const { handler, opening } = implementations.get(operation)!;
  const result = handler({ args, digest, key });

  const planned_ns = plannedServiceTime(shared.serviceTime, key);
  span.set(attr.call, key);
  span.set(attr.servicePlannedNs, planned_ns);
  if (planned_ns > 0) {
    const from_ns = process.hrtime.bigint();
    await shared.wait(planned_ns);
    span.set(attr.serviceNs, process.hrtime.bigint() - from_ns);
  } else {
    span.set(attr.serviceNs, 0);
  }
  shared.effects.add({
    call_id: key,
    tool: operation.tool,
    operation: operation.operation,
    class: operation.class,
    digest,
    client_id: call.clientId,
  });
  const body = operation.success === 204 ? '' : `${opening}${digest}","result":${result}}`;
  return { status: operation.success, body, headers: noHeaders };
}

function pathId(path: string): string {
  const id = idOf(path);
  if (id === undefined) throw new InvalidArguments('the path is not percent-encoded as it should be');
  return id;
}
