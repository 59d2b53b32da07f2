-- AttemptRow of bench/contract/calls.ts, as the agents report them.
CREATE OR REPLACE TEMP TABLE agent_attempts (
  trace_id VARCHAR NOT NULL,
  span_id VARCHAR NOT NULL,
  call_id VARCHAR NOT NULL,
  arm VARCHAR NOT NULL,
  block INTEGER NOT NULL,
  leg VARCHAR NOT NULL,
  attempt INTEGER NOT NULL,
  start_ns BIGINT NOT NULL,
  end_ns BIGINT NOT NULL,
  dns_ns BIGINT,
  connect_ns BIGINT,
  tls_ns BIGINT,
  sent_ns BIGINT,
  first_byte_ns BIGINT,
  reused BOOLEAN NOT NULL,
  status INTEGER,
  cause VARCHAR,
  scope_excess INTEGER
)
