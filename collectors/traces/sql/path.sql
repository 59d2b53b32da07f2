-- One row per trace: the time on each stretch of its way, in whole ns. A call's attempts follow one another, so sums per
-- tier are sums over its attempts. Client spans of one tier that overlap are found in overlap.sql.
-- `services` is a set of bits; those of the path have the lowest numbers.
CREATE OR REPLACE TABLE path AS
SELECT
  trace,
  sum(duration_ns) FILTER (part = 1)::BIGINT AS call_ns,
  sum(duration_ns) FILTER (part = 2)::BIGINT AS attempt_ns,
  sum(duration_ns) FILTER (part = 3)::BIGINT AS refresh_ns,
  sum(duration_ns) FILTER (part = 4)::BIGINT AS gateway_ns,
  sum(duration_ns) FILTER (part = 5)::BIGINT AS upstream_ns,
  sum(duration_ns) FILTER (part = 6)::BIGINT AS vault_ns,
  sum(duration_ns) FILTER (part = 7)::BIGINT AS tool_ns,
  sum(check_ns) FILTER (part = 7)::BIGINT AS check_ns,
  bit_or(1::BIGINT << least(service, 62)) AS services,
  count(*) FILTER (part IN (2, 3)) > 1 OR count(*) FILTER (part IN (5, 6)) > 1 AS several
FROM span
GROUP BY trace;
