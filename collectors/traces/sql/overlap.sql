-- Of traces with several client spans on one tier: their summed time beyond their union, per tier. Each span counts from
-- where all earlier ones have ended.
CREATE OR REPLACE TABLE overlap AS
WITH client AS (
  SELECT s.trace, s.part IN (2, 3) AS of_agent, s.start_ns, s.start_ns + s.duration_ns AS end_ns,
    max(s.start_ns + s.duration_ns) OVER (
      PARTITION BY s.trace, s.part IN (2, 3) ORDER BY s.start_ns, s.start_ns + s.duration_ns, s.key
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS ended_ns
  FROM span s
  SEMI JOIN (SELECT trace FROM path WHERE several) p ON p.trace = s.trace
  WHERE s.part IN (2, 3, 5, 6)
)
SELECT trace,
  coalesce(sum(greatest(0, least(end_ns, ended_ns) - start_ns)) FILTER (of_agent), 0)::BIGINT AS agent_ns,
  coalesce(sum(greatest(0, least(end_ns, ended_ns) - start_ns)) FILTER (NOT of_agent), 0)::BIGINT AS gateway_ns
FROM client
WHERE ended_ns > start_ns
GROUP BY trace;
