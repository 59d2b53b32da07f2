-- Request-scoped lines, and those whose trace_id and span_id name a stored span of the same service: per cell and block
-- where the trace is a call's, else (cb -1) per tier, owner and block. A line's scope is its own field; where it has
-- none, a trace_id makes it a request's.
SELECT coalesce(c.cb, -1)::INTEGER AS cb, l.service, l.owner, l.block, count(*)::INTEGER AS lines, count(*) FILTER (l.joined)::INTEGER AS joined
FROM (
  SELECT hash(g.TraceId) AS trace, v.code AS service,
    coalesce(g.ResourceAttributes['weighbridge.arm'], '') AS owner,
    coalesce(TRY_CAST(g.ResourceAttributes['weighbridge.block'] AS INTEGER), -1) AS block,
    hash(hash(g.TraceId, g.SpanId), v.code) IN (SELECT hash(key, service) FROM span) AS joined
  FROM logs g
  JOIN service v ON v.name = g.ServiceName
  WHERE coalesce(g.LogAttributes['scope'], CASE WHEN g.TraceId <> '' THEN 'request' END) = 'request'
) l
LEFT JOIN call c ON c.trace = l.trace
GROUP BY ALL
ORDER BY ALL;
