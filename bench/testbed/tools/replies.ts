/**
 * Every answer that is not a success: RFC 9457 problems, and the challenges of RFC 6750 §3 and RFC 9449 §7.1 with the
 * pointer of RFC 9728 §5.1. All texts are built once, at start.
 */
import { dpopAlgs, type ProofFault, proofError, proofFault } from '#contract/dpop.ts';
import {
  type Cause,
  denialDescription,
  nonceHeader,
  type Scope,
  type TokenFault,
  tokenFaultDescription,
} from '#contract/tools.ts';

export interface Reply {
  readonly status: number;
  readonly body: string;
  /** Beyond content-type and content-length, as pairs. */
  readonly headers: readonly string[];
  /** Of a 401 or 403. */
  readonly cause?: Cause;
}

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export function problem(status: number, detail: string, headers: readonly string[] = []): Reply {
  const body = JSON.stringify({ type: 'about:blank', title: titles[status], status, detail });
  return { status, body, headers };
}

export const notFound = problem(404, 'no such route');
export const tooLarge = problem(413, 'the body is larger than 64 KiB', ['connection', 'close']);
export const failed = problem(500, 'the tool failed');
export const keysUnavailable = problem(503, 'tokens cannot be checked: the keys of the issuer are out of reach');
export const methodNotAllowed = (allow: string): Reply =>
  problem(405, 'no operation with this method', ['allow', allow]);

/** Refusals of one protected resource. */
export class Challenges {
  /** Norm 18: no error code for one who sent no token. */
  readonly noToken: Reply;
  /** Norm 21. */
  readonly malformedToken: Reply;
  readonly tokenInQuery: Reply;
  /** For a token that is bound to no key, where it should be or was sent as if it were. */
  readonly unboundToken: Reply;
  readonly #unproven: ReadonlyMap<ProofFault, Reply>;
  readonly #invalid: ReadonlyMap<TokenFault, Reply>;
  readonly #insufficient = new Map<Scope, Reply>();
  readonly #pointer: string;

  /**
   * @param metadataUrl where the protected-resource metadata is served
   * @param requireBinding are tokens refused that are bound to no key?
   */
  constructor(metadataUrl: string, requireBinding = false) {
    this.#pointer = `resource_metadata="${metadataUrl}"`;
    const schemes = requireBinding ? [] : [`Bearer ${this.#pointer}`];
    const challenge = [...schemes, `DPoP ${dpopAlgs}, ${this.#pointer}`].join(', ');
    this.noToken = problem(401, 'no access token was sent', ['www-authenticate', challenge]);
    this.unboundToken = this.#refuseBinding('invalid_token', 'the access token is bound to no key');
    this.#unproven = new Map(
      (Object.keys(proofFault) as ProofFault[]).map((fault) => [
        fault,
        this.#refuseBinding(proofError(fault), proofFault[fault], fault === 'nonce' ? 'nonce' : 'unknown'),
      ]),
    );
    this.malformedToken = this.#refuse(400, 'invalid_request', 'the authorization field is malformed');
    this.tokenInQuery = this.#refuse(400, 'invalid_request', 'an access token does not belong in the query');
    this.#invalid = new Map(
      (Object.keys(tokenFaultDescription) as TokenFault[]).map((cause) => [
        cause,
        { ...this.#refuse(401, 'invalid_token', tokenFaultDescription[cause]), cause },
      ]),
    );
  }

  /** Norm 19. */
  invalidToken(cause: TokenFault): Reply {
    return this.#invalid.get(cause)!;
  }

  /** Norms 23, 24. */
  unproven(fault: ProofFault): Reply {
    return this.#unproven.get(fault)!;
  }

  /** With the nonce that the next proof is to carry (RFC 9449 §9). */
  wantsNonce(nonce: string): Reply {
    const reply = this.unproven('nonce');
    return { ...reply, headers: [...reply.headers, nonceHeader, nonce] };
  }

  /** Norm 20. */
  insufficientScope(scope: Scope): Reply {
    let reply = this.#insufficient.get(scope);
    if (!reply) {
      reply = { ...this.#refuse(403, 'insufficient_scope', denialDescription.scope, scope), cause: 'scope' };
      this.#insufficient.set(scope, reply);
    }
    return reply;
  }

  #refuseBinding(error: string, description: string, cause: Cause = 'unknown'): Reply {
    const challenge = `DPoP error="${error}", error_description="${description}", ${dpopAlgs}, ${this.#pointer}`;
    return { ...problem(401, description, ['www-authenticate', challenge]), cause };
  }

  #refuse(status: number, error: string, description: string, scope?: string): Reply {
    const wanted = scope === undefined ? '' : `scope="${scope}", `;
    const challenge = `Bearer error="${error}", error_description="${description}", ${wanted}${this.#pointer}`;
    return problem(status, description, ['www-authenticate', challenge]);
  }
}
