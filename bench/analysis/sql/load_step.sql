-- A number for every step of load of the kept blocks; `state(block, kept)` is given.
CREATE TABLE load_step AS
SELECT (row_number() OVER (ORDER BY arm, block, step) - 1)::INTEGER AS number, *
FROM (
  SELECT arm, block, step, min(workload) AS workload, min(condition) AS condition, min(pace) AS pace,
    min(rate_per_s) AS rate_per_s, min(workers) AS workers, min(elapsed_ns)::DOUBLE AS elapsed_ns,
    min(timeout_ns)::DOUBLE AS timeout_ns, min(in_flight_peak) AS in_flight_peak,
    min(connections_opened) AS connections_opened, count(*)::INTEGER AS calls
  FROM load
  LEFT JOIN state USING (block)
  WHERE coalesce(kept, true)
  GROUP BY arm, block, step
);
