-- Request-scoped lines, and those whose trace_id and span_id name a stored span of the same service. Lines of a call's
-- trace per cell and block; all others (cb -1) per tier, and by the block and arm that their process was started for. The
-- two are read apart, because attributes cost more than all the rest and only the others need them.
SELECT c.cb, v.code AS service, '' AS owner, -1 AS block, count(*)::INTEGER AS lines,
  count(*) FILTER (hash(hash(g.TraceId, g.SpanId), v.code) IN (SELECT hash(key, service) FROM span))::INTEGER AS joined
FROM logs g
JOIN service v ON v.name = g.ServiceName
JOIN call c ON c.trace = hash(g.TraceId)
GROUP BY ALL
UNION ALL
SELECT -1, v.code,
  coalesce(g.ResourceAttributes['weighbridge.arm'], ''),
  coalesce(TRY_CAST(g.ResourceAttributes['weighbridge.block'] AS INTEGER), -1),
  count(*)::INTEGER,
  count(*) FILTER (hash(hash(g.TraceId, g.SpanId), v.code) IN (SELECT hash(key, service) FROM span))::INTEGER
FROM logs g
JOIN service v ON v.name = g.ServiceName
ANTI JOIN call c ON c.trace = hash(g.TraceId)
WHERE coalesce(g.LogAttributes['scope'], CASE WHEN g.TraceId <> '' THEN 'request' END) = 'request'
GROUP BY ALL
ORDER BY ALL;
