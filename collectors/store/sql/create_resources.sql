-- ResourceRow of bench/contract/calls.ts.
CREATE OR REPLACE TEMP TABLE resources (
  phase VARCHAR NOT NULL,
  workload VARCHAR NOT NULL,
  condition VARCHAR NOT NULL,
  arm VARCHAR NOT NULL,
  block INTEGER NOT NULL,
  round INTEGER NOT NULL,
  slice INTEGER NOT NULL,
  tier VARCHAR NOT NULL,
  pid INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  cpu_ns BIGINT NOT NULL,
  run_queue_ns BIGINT NOT NULL,
  rss_bytes BIGINT NOT NULL,
  peak_rss_bytes BIGINT NOT NULL
)
