-- Request-scoped lines, and those whose trace_id and span_id name a stored span of the same service. Lines of a call's
-- trace per cell and block; strays (cb -1), whose trace is no call's, per tier, and by the block and arm that their process
-- was started for.
SELECT cb, service, '' AS owner, -1 AS block, count(*)::INTEGER AS lines,
  count(*) FILTER (hash(key, service) IN (SELECT hash(key, service) FROM span))::INTEGER AS joined
FROM line
WHERE cb IS NOT NULL
GROUP BY cb, service
UNION ALL
SELECT -1, s.service, s.owner, s.block, count(*)::INTEGER, count(*) FILTER (EXISTS (
    SELECT 1 FROM (SELECT key, service FROM span SEMI JOIN stray ON stray.key = span.key) f WHERE f.key = s.key AND f.service = s.service
  ))::INTEGER
FROM stray s
GROUP BY ALL
ORDER BY ALL;
