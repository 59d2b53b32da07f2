-- The columns of a LoadReport, by call; `number` is that of the step.
CREATE OR REPLACE TEMP TABLE staged_load_calls (
  number INTEGER,
  call INTEGER,
  due_us INTEGER,
  lag_us INTEGER,
  latency_us INTEGER,
  outcome UTINYINT,
  attempts UTINYINT,
  unauthorized UTINYINT
)
