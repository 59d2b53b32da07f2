/**
 * Names that several rooms must spell alike: services, spans, attributes, log fields. HTTP attributes follow the
 * stable OpenTelemetry HTTP conventions; `execute_tool {tool}` follows its generative-AI conventions; our own stand
 * under `weighbridge.*`.
 */
export const service = {
  agent: 'weighbridge-agent',
  gateway: 'weighbridge-gateway',
  tools: 'weighbridge-tools',
  auth: 'weighbridge-auth',
} as const;
export type ServiceName = (typeof service)[keyof typeof service];

/** What listeners with TLS are called, and their certificates show. Unlike an address it is really looked up. */
export const tlsHost = 'localhost';

/** Span names. An attempt's span is named by its method alone, as the HTTP conventions ask of a client span. */
export const spanName = {
  call: (tool: string) => `execute_tool ${tool}`,
  clientAttempt: (method: string) => method,
  server: (method: string, route: string) => `${method} ${route}`,
  refresh: 'token refresh',
  /** Root of a trace of its own: no call waits for it. */
  revocationPoll: 'revocation poll',
} as const;

export const attr = {
  method: 'http.request.method',
  status: 'http.response.status_code',
  route: 'http.route',
  resendCount: 'http.request.resend_count',
  errorType: 'error.type',
  toolName: 'gen_ai.tool.name',
  call: 'weighbridge.call_id',
  arm: 'weighbridge.arm',
  operation: 'weighbridge.operation',
  /** On a refused or retried attempt: expired, revoked, scope, audience, unknown. */
  cause: 'weighbridge.cause',
  /** Time that the tool spent on checking the token, ns. */
  tokenCheckNs: 'weighbridge.token_check_ns',
  /** Service time that the tool drew for the call, and what it really waited, ns. */
  servicePlannedNs: 'weighbridge.service_planned_ns',
  serviceNs: 'weighbridge.service_ns',
  /** Which tier or control refused the request. */
  deniedBy: 'weighbridge.denied_by',
  /** Time that the gateway's controls took before the request went upstream, ns. */
  controlsNs: 'weighbridge.controls_ns',
  /** Of a placebo: the delay that the gateway put in front of forwarding, as it measured it, ns. On its server span. */
  injectedNs: 'weighbridge.injected_ns',
  /** '1' on a token refresh that waited for the fetch that another request had begun. */
  sharedFetch: 'weighbridge.shared_fetch',
} as const;

/** Top-level field of every pino line: does it belong to one request (and must join a trace), or to the process? */
export const logScopeField = 'scope';
export type LogScope = 'request' | 'process';

/** On a gateway's client span: its attempts are read from these into `attempts.parquet`. */
export const attemptAttr = {
  /** '1' where an open connection served the attempt. */
  reused: 'weighbridge.connection_reused',
  /** Parts of opening a connection, ns: name lookup, TCP, TLS; each where there was one. */
  dnsNs: 'weighbridge.dns_ns',
  connectNs: 'weighbridge.connect_ns',
  tlsNs: 'weighbridge.tls_ns',
  /** From the span's start until the request was written, ns. */
  sentNs: 'weighbridge.sent_ns',
  /** From the span's start to the first byte of the answer, ns. */
  firstByteNs: 'weighbridge.first_byte_ns',
} as const;

/** Resource attributes that the campaign sets on every tier. */
export const resourceAttr = {
  block: 'weighbridge.block',
  arm: 'weighbridge.arm',
  campaign: 'weighbridge.campaign',
} as const;
