-- One row per trace: the time on each stretch of its way, in whole ns. A call's attempts follow one another, so sums per
-- tier are sums over its attempts. Client spans of one tier that overlap are found in overlap.sql.
CREATE TABLE path AS
SELECT
  trace,
  sum(duration_ns) FILTER (role = 1 AND parent IS NULL)::BIGINT AS call_ns,
  sum(duration_ns) FILTER (role = 1 AND kind = 1 AND NOT refresh)::BIGINT AS attempt_ns,
  sum(duration_ns) FILTER (role = 1 AND refresh)::BIGINT AS refresh_ns,
  sum(duration_ns) FILTER (role = 2 AND kind = 2)::BIGINT AS gateway_ns,
  sum(duration_ns) FILTER (role = 2 AND kind = 1 AND NOT refresh)::BIGINT AS upstream_ns,
  sum(duration_ns) FILTER (role = 2 AND refresh)::BIGINT AS vault_ns,
  sum(duration_ns) FILTER (role = 3 AND kind = 2)::BIGINT AS tool_ns,
  sum(check_ns) FILTER (role = 3 AND kind = 2)::BIGINT AS check_ns,
  coalesce(bit_or(1::BIGINT << service) FILTER (role > 0), 0) AS services,
  (count(*) FILTER (role = 1 AND (kind = 1 OR refresh)) > 1 OR count(*) FILTER (role = 2 AND (kind = 1 OR refresh)) > 1) AS several
FROM span
GROUP BY trace;
