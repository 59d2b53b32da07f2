/**
 * What a control is: it decides on a call. It never sees HTTP; the adapter has read the request for it. A control that
 * throws, or whose promise rejects, could not decide: the request is then refused with 503 and nothing goes upstream
 * (norm 26).
 */
import type { Operation } from '#contract/tools.ts';
import type { ActiveSpan, TraceContext } from '../../collectors/telemetry/index.ts';
import type { AnswerCode } from '../errors.ts';

export type ControlName =
  | 'bearer'
  | 'rate_limit'
  | 'policy'
  | 'budget'
  | 'audit'
  | 'credentials'
  | 'second_factor'
  | 'approval';

/** How the agent showed an access token (RFC 6750 §2, RFC 9449 §7). */
export type Presented =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  /** With a proof of possession for this method and path; '' where it is missing (RFC 9449 §7.1). */
  | {
      readonly kind: 'dpop';
      readonly token: string;
      readonly proof: string;
      readonly method: string;
      readonly path: string;
    }
  /** Malformed, in the query or the body, or in more than one place. */
  | { readonly kind: 'refused' };

/** The request behind a call, as far as an approval is bound to it (norm 27). */
export interface BoundRequest {
  readonly method: string;
  /** At the upstream. */
  readonly url: string;
  /** SHA-256 (hex) over content type, newline, body. */
  readonly body_sha256: string;
  /** The whole body, for the human who decides. */
  readonly shown: string;
}

/**
 * How a call ended. `not_sent`: no byte went upstream. `failed`: the upstream says that it did not carry it out.
 * `unknown`: it was sent, and nobody knows.
 */
export type Settlement = 'not_sent' | 'failed' | 'done' | 'unknown';

/** One call by an agent, whatever the protocol it came by. Controls fill in what they find out. */
export interface Call {
  /** undefined: the request is no operation of the catalogue. */
  readonly operation: Operation | undefined;
  readonly presented: Presented;
  /** Network address of the sender. */
  readonly peer: string;
  /** Client id; set by the bearer control, empty while nobody has proven who calls. */
  agent: string;
  /** Of a payment, once the arguments were read; undefined where it is missing or no integer. */
  amount_cents: number | undefined;
  /** Set by the credentials control: the token that goes upstream. */
  upstream_token: string | undefined;
  /** The agent's own word for what the call is part of; '' or absent: it gave none. */
  readonly task?: string;
  /** As sent; undefined where none was, or more than one. */
  readonly one_time_code?: string | undefined;
  /** Id of the approval that the agent refers to. */
  readonly approval_id?: string | undefined;
  /** Set by the policy control: it allows the call with a human's approval alone. */
  approval_demanded?: boolean;
  /** Set by the second-factor control: the time step of the right code that came along, not used yet. */
  code_step?: number;
  /** Set by the approval control: the id of the approval that is there for it, not used yet. */
  approved_by?: string;
  /** Set for controls that bind to the request, once a payment's or deletion's body was read whole, and can be shown whole. */
  request?: BoundRequest | undefined;
  /** The request's own span, so that a control's waiting shows in its trace. */
  readonly trace?: TraceContext;
  /** The client span of what the call waits for now; whoever ends it forgets it here. */
  waiting?: ActiveSpan | undefined;
}

export interface Denial {
  readonly code: AnswerCode;
  /** For the audit record; holds no secret. */
  readonly reason: string;
  /** Further header fields of the answer: name, value, name, value … */
  readonly headers?: readonly string[];
  /** URL that tells more of this very denial (RFC 9457 §3.1.5). */
  readonly instance?: string;
}

export interface Control {
  readonly name: ControlName;
  /** Does it decide on the call's arguments, so that they must be read first? */
  readonly readsArguments: boolean;
  /** Does it want `call.request`? */
  readonly bindsRequest?: boolean;
  /** undefined lets the call pass. */
  decide(call: Call): Denial | undefined | Promise<Denial | undefined>;
  /** Told once of every call when it is over, whether the control saw it or not. Must not throw. */
  settle?(call: Call, settlement: Settlement): void;
}
