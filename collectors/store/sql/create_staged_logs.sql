CREATE OR REPLACE TEMP TABLE staged_logs (
  origin INTEGER,
  time_ns BIGINT,
  trace_id VARCHAR,
  span_id VARCHAR,
  flags UTINYINT,
  severity_text VARCHAR,
  severity UTINYINT,
  body VARCHAR,
  attributes VARCHAR
)
