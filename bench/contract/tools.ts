/**
 * The catalogue of the testbed's tools: what each operation looks like on the wire, which scope it needs and which
 * class of effect it has. Agents' plugins, the gateway's adapter, the tool services and the workloads read it; a
 * request that matches no row is no operation.
 */
export type OperationClass = 'read' | 'write' | 'delete' | 'pay';
export type ToolName = 'calendar' | 'mail' | 'files' | 'payments' | 'search';
export type Scope = `${'read' | 'write'}:${ToolName}`;

export interface Operation {
  /** `tool.operation`, unique. */
  readonly name: string;
  readonly tool: ToolName;
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path template; `{id}` stands for exactly one percent-encoded segment, taken from the argument of that name. */
  readonly path: string;
  readonly scope: Scope;
  readonly class: OperationClass;
  /** Status of a success. */
  readonly success: 200 | 201 | 204;
}

const row = (
  tool: ToolName,
  operation: string,
  method: Operation['method'],
  path: string,
  scope: Scope,
  cls: OperationClass,
  success: Operation['success'] = 200,
): Operation => ({ name: `${tool}.${operation}`, tool, operation, method, path, scope, class: cls, success });

export const operations: readonly Operation[] = [
  row('calendar', 'list_events', 'GET', '/calendar/events', 'read:calendar', 'read'),
  row('calendar', 'create_event', 'POST', '/calendar/events', 'write:calendar', 'write', 201),
  row('calendar', 'delete_event', 'DELETE', '/calendar/events/{id}', 'write:calendar', 'delete', 204),
  row('mail', 'list_messages', 'GET', '/mail/messages', 'read:mail', 'read'),
  row('mail', 'send_message', 'POST', '/mail/messages', 'write:mail', 'write', 201),
  row('mail', 'delete_message', 'DELETE', '/mail/messages/{id}', 'write:mail', 'delete', 204),
  row('files', 'read_file', 'GET', '/files/{id}', 'read:files', 'read'),
  row('files', 'write_file', 'PUT', '/files/{id}', 'write:files', 'write', 201),
  row('files', 'delete_file', 'DELETE', '/files/{id}', 'write:files', 'delete', 204),
  row('payments', 'get_balance', 'GET', '/payments/balance', 'read:payments', 'read'),
  row('payments', 'create_payment', 'POST', '/payments/payments', 'write:payments', 'pay', 201),
  row('search', 'query', 'POST', '/search/query', 'read:search', 'read'),
];

export const operationByName: ReadonlyMap<string, Operation> = new Map(operations.map((o) => [o.name, o]));
export const allScopes: readonly Scope[] = [...new Set(operations.map((o) => o.scope))].sort();

/** The audiences (RFC 8707 resource indicators) of the testbed: tokens for one are refused by the other. */
export const toolsAudience = 'urn:weighbridge:tools';
export const gatewayAudience = 'urn:weighbridge:gateway';

/**
 * Request header that carries the call's key. A tool draws its seeded service time from it, so that every arm meets
 * the same one, and notes it with the effect, so that parity can compare arms.
 */
export const callHeader = 'weighbridge-call';

/**
 * Request header that names the task a call belongs to, for the gateway's cost attribution: the agent's own word. Agents send
 * it in every arm, and it goes on to the tools like the call's key: it is end to end (RFC 9110 §7.6.1), so that every
 * arm's tools read the same fields.
 */
export const taskHeader = 'weighbridge-task';
/** Request header for a one-time code (RFC 6238); it ends at the gateway. */
export const oneTimeCodeHeader = 'weighbridge-otp';
/**
 * Request and response header for the id of an approval: the gateway's answer to a call that needs one carries it, and
 * the agent repeats the call with it, or without; it ends at the gateway.
 */
export const approvalHeader = 'weighbridge-approval';

/** A tool's answer to a success: what it did, so that parity can compare effects. */
export interface ToolAnswer {
  readonly ok: true;
  readonly tool: ToolName;
  readonly operation: string;
  /** SHA-256 (hex, first 16) over the canonical arguments that the tool saw. */
  readonly digest: string;
  readonly result: unknown;
}

/** What can be wrong with a token itself. */
export const tokenFaultDescription = {
  expired: 'the access token has expired',
  revoked: 'the access token was revoked',
  audience: 'the access token is for another audience',
  unknown: 'the access token is not valid',
} as const;
export type TokenFault = keyof typeof tokenFaultDescription;

/**
 * `error_description` of a 401 or 403 (RFC 6750 §3.1), by cause. Agents and gateways read the cause back with
 * `causeOf`; a product that is not ours says what it likes and yields `unknown`.
 */
export const denialDescription = {
  ...tokenFaultDescription,
  scope: 'the access token lacks a scope',
  /** Nothing is wrong with the token: the server asks for a proof with its nonce (RFC 9449 §9). */
  nonce: 'the proof of possession must carry a nonce of this server',
} as const;
export type Cause = keyof typeof denialDescription;

/** Header by which a server gives the nonce that it wants in proofs (RFC 9449 §8). */
export const nonceHeader = 'dpop-nonce';

/** Reads the cause of a 401/403 out of its WWW-Authenticate header; `unknown` where it is not one of ours. */
export function causeOf(wwwAuthenticate: string | undefined): Cause {
  if (!wwwAuthenticate) return 'unknown';
  for (const cause of Object.keys(denialDescription) as Cause[]) {
    if (wwwAuthenticate.includes(denialDescription[cause])) return cause;
  }
  if (wwwAuthenticate.includes('use_dpop_nonce')) return 'nonce';
  return wwwAuthenticate.includes('insufficient_scope') ? 'scope' : 'unknown';
}
