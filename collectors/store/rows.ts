/** Spans and log records as the receiver hands them to the store. Every field is checked before: the store trusts them. */

/** Where a span or record comes from; one object for all that share it. */
export interface Origin {
  service: string;
  /** A JSON object of strings. */
  resource_attributes: string;
  scope_name: string;
  scope_version: string;
}

export interface SpanRow {
  origin: Origin;
  /** Epoch, within a signed 64-bit integer. */
  start_ns: bigint;
  /** Not negative. */
  duration_ns: bigint;
  trace_id: string;
  span_id: string;
  /** '' for a root. */
  parent_span_id: string;
  trace_state: string;
  name: string;
  /** OTLP's number: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  /** A JSON object of strings. */
  attributes: string;
  /** OTLP's number: 0 unset, 1 ok, 2 error. */
  status: number;
  status_message: string;
}

export interface LogRow {
  origin: Origin;
  /** Epoch, within a signed 64-bit integer. */
  time_ns: bigint;
  /** '' where the record belongs to no span; so `span_id`. */
  trace_id: string;
  span_id: string;
  /** 8 bits. */
  flags: number;
  severity_text: string;
  /** 0 to 24. */
  severity: number;
  body: string;
  /** A JSON object of strings. */
  attributes: string;
}
