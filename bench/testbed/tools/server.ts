/** The tools' listener: five services behind one port, a span and a line per request. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { ServiceTime, ToolsConfig } from '#contract/config.ts';
import type { Effect } from '#contract/control.ts';
import { dpopAlgorithms, ProofChecker } from '#contract/dpop.ts';
import { attr, spanName, tlsHost } from '#contract/names.ts';
import { allScopes, operations } from '#contract/tools.ts';
import { type ActiveSpan, parseTraceContext, type Telemetry } from '../../../collectors/telemetry/index.ts';
import { listen, type Running } from '../tier.ts';
import { Effects } from './effects.ts';
import { exchange, type Shared } from './exchange.ts';
import { Challenges, failed, type Reply } from './replies.ts';
import { Revocations } from './revocations.ts';
import { findRoute } from './routes.ts';
import { checkServiceTime } from './service_time.ts';
import { TokenVerifier } from './verify.ts';
import { Waiter } from './waiter.ts';

/** Longer than any pause of a campaign: a slice's first call must not pay for a new connection. */
const keepAlive_ms = 130_000;
const metadataPath = '/.well-known/oauth-protected-resource';

export interface ToolServer extends Running {
  readonly url: string;
  /** Of the listener that speaks TLS; null where there is none. */
  readonly tls_url: string | null;
  readonly revocations_url: string;
  /** Resolves when the next call will meet it. */
  setServiceTime(time: ServiceTime): Promise<void>;
  effects(): { effects: Effect[]; requests: number };
}

/** @throws CONFIG, PORT_TAKEN; and where the issuer's keys cannot be fetched */
export async function startToolServer(config: ToolsConfig, telemetry: Telemetry): Promise<ToolServer> {
  let waiter: Waiter | undefined;
  const revocations = new Revocations(config.verifier.push_secret);
  const verifier = new TokenVerifier(config.verifier, (jti) => revocations.has(jti));
  await verifier.warm();

  const options = {
    keepAliveTimeout: keepAlive_ms,
    // Above the keep-alive, so that it can never be what closes an idle connection.
    headersTimeout: keepAlive_ms + 5_000,
    noDelay: true,
    // Two Authorization fields become one that no parser takes, instead of the first one winning.
    joinDuplicateHeaders: true,
  };
  const server = createServer(options);
  const url = await listen(server, config.port);
  const { tls } = config;
  const secure = tls && createSecureServer({ ...options, key: tls.key, cert: tls.certificate });
  const tls_url = secure ? await listen(secure, 0, `https://${tlsHost}`) : null;
  const revocationsBase = await listen(revocations.server);

  const effects = new Effects();
  const proofs = new ProofChecker({ require_nonce: config.verifier.require_nonce === true });
  const requireBinding = config.verifier.require_binding === true;
  let serviceTime: ServiceTime = { kind: 'instant' };
  // Challenges and proofs name the URL that was called; all else the listeners share.
  const sharedUnder = (base: string): Shared => ({
    verifier,
    proofs,
    base,
    requireBinding,
    challenges: new Challenges(`${base}${metadataPath}`, config.verifier.require_binding),
    effects,
    get serviceTime() {
      return serviceTime;
    },
    wait: (duration_ns) => waiter!.wait(duration_ns),
  });
  const setServiceTime = async (time: ServiceTime): Promise<void> => {
    checkServiceTime(time);
    if (time.kind !== 'instant' && !waiter) {
      waiter = new Waiter();
      // Its thread takes some tens of milliseconds to start: not in somebody's call.
      await waiter.wait(1);
    }
    serviceTime = time;
  };
  await setServiceTime(config.service_time);

  const metadata = metadataReply(config);
  const front = new Front(telemetry, sharedUnder(url), metadata);
  server.on('request', (req, res) => void front.handle(req, res));
  if (tls_url !== null) {
    const secureFront = new Front(telemetry, sharedUnder(tls_url), metadata);
    secure?.on('request', (req, res) => void secureFront.handle(req, res));
  }
  return {
    telemetry,
    url,
    tls_url,
    revocations_url: Revocations.url(revocationsBase),
    setServiceTime,
    effects: () => effects.take(),
    close: () => {
      for (const listener of [server, secure, revocations.server]) {
        listener?.close();
        listener?.closeAllConnections();
      }
      void waiter?.close();
    },
  };
}

/**
 * RFC 9728 §2. `resource` is the audience of our tokens; that it is a URN, and not the URL under which the tools are
 * reached, is a liberty of the testbed: ports change from run to run, audiences do not.
 */
function metadataReply(config: ToolsConfig): Reply {
  const body = JSON.stringify({
    resource: config.verifier.audience,
    authorization_servers: [config.verifier.issuer],
    scopes_supported: allScopes,
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: dpopAlgorithms,
    dpop_bound_access_tokens_required: config.verifier.require_binding === true,
  });
  return { status: 200, body, headers: [] };
}

/** Methods that appear in span names as they are; others could be anything, and many. */
const knownMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);
const serverSpanNames = new Map(operations.map((o) => [`${o.method} ${o.path}`, spanName.server(o.method, o.path)]));

/** Notes each request and sends its answer. */
class Front {
  readonly #telemetry: Telemetry;
  readonly #shared: Shared;
  readonly #metadata: Reply;

  constructor(telemetry: Telemetry, shared: Shared, metadata: Reply) {
    this.#telemetry = telemetry;
    this.#shared = shared;
    this.#metadata = metadata;
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    this.#shared.effects.countRequest();
    const url = req.url!;
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const isMetadata = path === metadataPath && req.method === 'GET';
    const route = isMetadata ? undefined : findRoute(path);
    const span = this.#span(req, isMetadata ? metadataPath : route?.template);
    let reply: Reply | undefined;
    try {
      reply = isMetadata ? this.#metadata : await exchange(this.#shared, req, route, span);
    } catch (error) {
      this.#telemetry.log.error({ reason: error instanceof Error ? error.message : String(error) }, 'request failed');
      reply = failed;
    }
    if (reply) this.#send(res, span, reply);
    else this.#abandon(span);
  }

  #span(req: IncomingMessage, template: string | undefined): ActiveSpan {
    const method = knownMethods.has(req.method!) ? req.method! : 'HTTP';
    const parent = parseTraceContext(
      req.headers.traceparent as string | undefined,
      req.headers.tracestate as string | undefined,
    );
    const named =
      template === undefined ? method : (serverSpanNames.get(`${method} ${template}`) ?? `${method} ${template}`);
    const span = parent ? this.#telemetry.child(parent, named, 'server') : this.#telemetry.root(named, 'server');
    span.set(attr.method, method);
    if (template !== undefined) span.set(attr.route, template);
    return span;
  }

  #send(res: ServerResponse, span: ActiveSpan, reply: Reply): void {
    const { status, body } = reply;
    const headers = [...reply.headers];
    if (body !== '') {
      headers.push('content-type', status < 400 ? 'application/json' : 'application/problem+json');
      headers.push('content-length', String(Buffer.byteLength(body)));
    }
    res.writeHead(status, headers);
    span.set(attr.status, status);
    // A 4xx is the client's affair and no error of this span (OpenTelemetry HTTP conventions).
    if (status >= 500) span.fail(String(status));
    this.#telemetry.line(span, 'request', { status, cause: reply.cause });
    span.end();
    res.end(body);
  }

  /** The client went away before its request was whole: nobody waits for an answer. */
  #abandon(span: ActiveSpan): void {
    span.fail('client_closed');
    this.#telemetry.line(span, 'request abandoned');
    span.end();
  }
}
