-- Attempts per leg, and calls whose token had scopes beyond those asked for, of those where a token could be read.
SELECT c.cb, sum(on_agent)::INTEGER AS on_agent, sum(on_gateway)::INTEGER AS on_gateway,
  count(*) FILTER (excess > 0)::INTEGER AS over_broad, count(excess)::INTEGER AS readable
FROM (
  SELECT trace, count(*) FILTER (leg = 'agent') AS on_agent, count(*) FILTER (leg = 'gateway') AS on_gateway, max(scope_excess) AS excess
  FROM attempt GROUP BY trace
) a
JOIN call c ON c.trace = a.trace
GROUP BY c.cb
ORDER BY c.cb;
