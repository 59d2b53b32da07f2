-- Opening a connection is part of the way; a request is written 10 µs later.
SELECT trace_id, span_id, call_id, arm, block, leg, attempt, start_ns, end_ns,
  CASE WHEN opened AND lookup_ns > 0 THEN lookup_ns END::BIGINT AS dns_ns, CASE WHEN opened THEN connect_ns END::BIGINT AS connect_ns,
  CASE WHEN opened AND tls_ns > 0 THEN tls_ns END::BIGINT AS tls_ns,
  (start_ns + (CASE WHEN opened THEN lookup_ns + connect_ns + tls_ns ELSE 0 END) + 10000)::BIGINT AS sent_ns,
  (end_ns - 100)::BIGINT AS first_byte_ns, NOT opened AS reused, status, cause, scope_excess
FROM (
  SELECT s.trace_id, s.span_id, c.call_id, s.arm, s.block::INTEGER AS block, s.tier AS leg, c.lookup_ns, c.connect_ns, c.tls_ns,
    CASE WHEN s.spot IN ('last', 'gwup') AND (CASE WHEN s.tier = 'agent' THEN c.touched_agent ELSE c.touched_gateway OR (c.touched_agent AND NOT c.checks_tokens) END) THEN 2 ELSE 1 END::INTEGER AS attempt,
    s.begin_ns::BIGINT AS start_ns, (s.begin_ns + s.span_ns)::BIGINT AS end_ns,
    (s.spot = 'last' AND c.opened_agent) OR (s.spot = 'gwup' AND c.opened_gateway) AS opened, s.status::INTEGER AS status,
    CASE WHEN s.status = 401 THEN 'expired' END AS cause,
    CASE WHEN s.tier = 'agent' THEN c.over_broad::INTEGER END::INTEGER AS scope_excess
  FROM span s JOIN call c USING (trace_id)
  WHERE s.kind = 'Client' AND s.name <> 'token refresh'
)
