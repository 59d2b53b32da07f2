-- A row per call under load. Times count from the step's start, but for lag (start − due) and latency (end − due). What is
-- said of the step stands beside each of its calls: in a column of equal values that takes no room.
CREATE OR REPLACE TEMP VIEW load AS
SELECT s.workload, s.condition, s.arm, s.block, s.step, s.pace, s.rate_per_s, s.workers,
  stored(s.start_ns) AS start_ns, s.elapsed_ns, s.timeout_ns, s.in_flight_peak, s.connections_opened,
  c.call, c.due_us, c.lag_us, c.latency_us,
  (['ok', 'denied', 'failed', 'timeout', 'lost', 'unsent'])[c.outcome + 1] AS outcome,
  c.attempts, c.unauthorized
FROM staged_load_calls c
JOIN staged_load_steps s USING (number)
