-- LoadStep of bench/contract/calls.ts, and what its LoadReport says once.
CREATE OR REPLACE TEMP TABLE staged_load_steps (
  number INTEGER NOT NULL,
  workload VARCHAR NOT NULL,
  condition VARCHAR NOT NULL,
  arm VARCHAR NOT NULL,
  block INTEGER NOT NULL,
  step INTEGER NOT NULL,
  pace VARCHAR NOT NULL,
  rate_per_s INTEGER,
  workers INTEGER,
  start_ns BIGINT NOT NULL,
  elapsed_ns BIGINT NOT NULL,
  timeout_ns BIGINT NOT NULL,
  in_flight_peak INTEGER NOT NULL,
  connections_opened INTEGER NOT NULL
)
