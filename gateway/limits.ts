/** What one client or one upstream may take from the gateway (norm 30). Sizes in bytes, times in milliseconds. */
export interface Limits {
  /** Request line and header section together. */
  headers_bytes: number;
  /** At most 900: node refuses about 1,000 and more by itself, with 431 too. */
  header_fields: number;
  body_bytes: number;
  /** Bodies up to this size are read whole before anything goes upstream: one write, and they can be sent again. */
  buffered_body_bytes: number;
  /** A complete header section must be there within this time of the message's begin, or of the connection's. */
  headers_ms: number;
  /** So must the whole request. */
  request_ms: number;
  /** How often those two are looked at: node's default of 30 s would let a slow client live ten times its limit. */
  check_interval_ms: number;
  /** Longer than any pause between two slices of a campaign. */
  keep_alive_ms: number;
  /** A client that takes no byte for this long while we hold some for it is cut off. */
  stalled_reader_ms: number;
  client_connections: number;
  upstream_connect_ms: number;
  /** Silence of the upstream, before or within its answer. */
  upstream_silence_ms: number;
  upstream_connections: number;
  /** Requests that may wait for an upstream connection; further ones are refused. */
  upstream_queue: number;
}

export const defaultLimits: Limits = {
  headers_bytes: 16_384,
  header_fields: 100,
  body_bytes: 16_777_216,
  buffered_body_bytes: 1_048_576,
  headers_ms: 10_000,
  request_ms: 60_000,
  check_interval_ms: 1_000,
  keep_alive_ms: 125_000,
  stalled_reader_ms: 30_000,
  client_connections: 4_096,
  upstream_connect_ms: 5_000,
  upstream_silence_ms: 30_000,
  upstream_connections: 256,
  upstream_queue: 1_024,
};
