-- Of traces with several client spans on one tier: their summed time beyond their union, per tier. Each span counts from
-- where all earlier ones have ended.
CREATE TABLE overlap AS
WITH client AS (
  SELECT s.trace, s.role, s.start_ns, s.start_ns + s.duration_ns AS end_ns,
    max(s.start_ns + s.duration_ns) OVER (
      PARTITION BY s.trace, s.role ORDER BY s.start_ns, s.start_ns + s.duration_ns, s.key
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS ended_ns
  FROM span s
  SEMI JOIN (SELECT trace FROM path WHERE several) p ON p.trace = s.trace
  WHERE s.role IN (1, 2) AND (s.kind = 1 OR s.refresh)
)
SELECT trace,
  coalesce(sum(greatest(0, least(end_ns, ended_ns) - start_ns)) FILTER (role = 1), 0)::BIGINT AS agent_ns,
  coalesce(sum(greatest(0, least(end_ns, ended_ns) - start_ns)) FILTER (role = 2), 0)::BIGINT AS gateway_ns
FROM client
WHERE ended_ns > start_ns
GROUP BY trace;
