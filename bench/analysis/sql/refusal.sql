-- Attempts that met a 401, or a 403 for want of a scope. One that a gateway only passed on is seen on both legs: it counts
-- once, on the agent's, whose token was refused.
CREATE OR REPLACE TABLE refusal AS
WITH seen AS (
  SELECT trace, arm, block, leg, status, coalesce(nullif(cause, ''), 'unknown') AS cause, start_ns, end_ns
  FROM attempt
  WHERE status = 401 OR (status = 403 AND cause = 'scope')
)
SELECT * FROM seen s
WHERE leg = 'agent' OR NOT EXISTS (
  SELECT 1 FROM seen a
  WHERE a.trace = s.trace AND a.leg = 'agent' AND a.status = s.status AND a.start_ns <= s.start_ns AND a.end_ns >= s.end_ns
);
CREATE OR REPLACE TABLE touch AS
SELECT trace, count(*) FILTER (leg = 'agent')::INTEGER AS on_agent, count(*) FILTER (leg = 'gateway')::INTEGER AS on_gateway
FROM refusal GROUP BY trace;
