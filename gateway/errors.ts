/**
 * Every answer that the gateway gives of its own accord, in one table: code → status and what is wrong. Bodies are
 * problem details (RFC 9457) and say nothing about the request beyond that.
 */

const table = {
  // What the listener refuses: norms 29 and 30.
  bad_message: [400, 'the request is not well-formed HTTP/1.1'],
  bad_host: [400, 'exactly one Host header field is required'],
  bad_target: [400, 'the request target is not a plain path'],
  bad_authority: [400, 'the authority of the request target is not that of the Host header field'],
  bad_framing: [400, 'the length of the body is not clear'],
  upgrade_refused: [400, 'this gateway does not change protocols'],
  bad_token_request: [400, 'the access token must be sent once, in the Authorization header field'],
  method_refused: [405, 'this method is not forwarded'],
  request_timeout: [408, 'the request took too long to arrive'],
  body_too_large: [413, 'the body is larger than this gateway takes'],
  headers_too_large: [431, 'the header section is larger than this gateway takes'],
  // What the controls refuse: norms 18 to 26.
  no_token: [401, 'an access token is required'],
  invalid_token: [401, 'the access token is not accepted'],
  nonce_wanted: [401, 'repeat the request: its proof of possession must carry the nonce that comes with this answer'],
  insufficient_scope: [403, 'the access token lacks a scope'],
  policy_denied: [403, 'denied by policy'],
  rate_limited: [429, 'too many requests'],
  unknown_operation: [403, 'the request is no operation that this gateway knows'],
  arguments_unclear: [403, 'the arguments cannot be read as what a control must decide on'],
  budget_exceeded: [403, 'the budget does not cover this call'],
  second_factor_required: [403, 'this call needs a one-time code'],
  second_factor_refused: [403, 'the one-time code is not accepted'],
  second_factor_locked: [429, 'too many one-time codes were wrong'],
  approval_accepted: [202, 'not carried out yet: repeat the call once it is approved'],
  approval_required: [403, 'not carried out: repeat the call once it is approved'],
  approval_denied: [403, 'the approval was denied'],
  approval_expired: [403, 'the approval has expired'],
  approval_used: [403, 'the approval has served another call'],
  approval_mismatch: [403, 'the approval is not for this call'],
  approvals_full: [429, 'too many calls of this agent wait for an approval'],
  control_failed: [503, 'a control that must decide on this request cannot'],
  // What forwarding meets: norm 31.
  overloaded: [503, 'too many requests are waiting for the upstream'],
  upstream_refused_credentials: [502, "the upstream does not accept the gateway's credentials"],
  upstream_unreachable: [502, 'the upstream cannot be reached'],
  upstream_broken: [502, 'the upstream broke off or did not speak HTTP'],
  upstream_timeout: [504, 'the upstream did not answer in time'],
} as const satisfies Record<string, readonly [number, string]>;

export type AnswerCode = keyof typeof table;

/** Ways to be told how to go on, and no denials, though the request as it came is not forwarded. */
export const invitations: ReadonlySet<AnswerCode> = new Set(['approval_accepted', 'nonce_wanted']);

/** Says who denied, on every denial of ours; whatever an upstream sends under this name is dropped. */
export const deniedByHeader = 'weighbridge-denied-by';

export interface Answer {
  readonly code: AnswerCode;
  readonly status: number;
  readonly body: string;
  /** Name, value, name, value …; content type and length included. */
  readonly headers: readonly string[];
}

/** After these the connection is of no more use: what follows on it cannot be told apart from the refused message. */
const closing: ReadonlySet<AnswerCode> = new Set([
  'bad_message',
  'bad_framing',
  'upgrade_refused',
  'request_timeout',
  'body_too_large',
  'headers_too_large',
]);

const answers = new Map<AnswerCode, Answer>(
  (Object.keys(table) as AnswerCode[]).map((code) => {
    const [status, detail] = table[code];
    const body = JSON.stringify({ type: 'about:blank', status, code, detail });
    const headers = ['content-type', 'application/problem+json', 'content-length', String(Buffer.byteLength(body))];
    if (closing.has(code)) headers.push('connection', 'close');
    if (code === 'method_refused') headers.push('allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
    return [code, { code, status, body, headers }];
  }),
);

/** The prebuilt answer for a code; with an instance (a URL), one that names it. */
export function answerFor(code: AnswerCode, instance?: string): Answer {
  const answer = answers.get(code)!;
  if (instance === undefined) return answer;
  const body = JSON.stringify({ ...JSON.parse(answer.body), instance });
  const headers = answer.headers.with(answer.headers.indexOf('content-length') + 1, String(Buffer.byteLength(body)));
  return { ...answer, body, headers };
}

const reasons: Record<number, string> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  413: 'Content Too Large',
};

/** The same answer as bytes, for a message that never became a request; the connection closes behind it. */
export function rawAnswerFor(code: AnswerCode): string {
  const { status, headers, body } = answerFor(code);
  let head = `HTTP/1.1 ${status} ${reasons[status]}\r\n${deniedByHeader}: gateway/protocol\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'connection') head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  }
  return `${head}connection: close\r\n\r\n${body}`;
}

/** An upstream's failure, by the code of undici's or the system's error. */
export function upstreamFailure(error: Error & { code?: string }): AnswerCode {
  switch (error.code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'upstream_timeout';
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'upstream_unreachable';
    default:
      return 'upstream_broken';
  }
}
