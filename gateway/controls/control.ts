/**
 * What a control is: it decides on a call. It never sees HTTP; the adapter has read the request for it. A control that
 * throws, or whose promise rejects, could not decide: the request is then refused with 503 and nothing goes upstream
 * (norm 26).
 */
import type { Operation } from '#contract/tools.ts';
import type { AnswerCode } from '../errors.ts';

export type ControlName = 'bearer' | 'rate_limit' | 'policy' | 'audit' | 'credentials';

/** How the agent showed an access token (RFC 6750 §2). */
export type Presented =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  /** Malformed, in the query or the body, or in more than one place. */
  | { readonly kind: 'refused' };

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
}

export interface Denial {
  readonly code: AnswerCode;
  /** For the audit record; holds no secret. */
  readonly reason: string;
  /** Further header fields of the answer: name, value, name, value … */
  readonly headers?: readonly string[];
}

export interface Control {
  readonly name: ControlName;
  /** Does it decide on the call's arguments, so that they must be read first? */
  readonly readsArguments: boolean;
  /** undefined lets the call pass. */
  decide(call: Call): Denial | undefined | Promise<Denial | undefined>;
}
