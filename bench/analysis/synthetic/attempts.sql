SELECT s.trace_id, s.span_id, c.call_id, s.arm, s.block::INTEGER AS block, s.tier AS leg,
  CASE WHEN s.spot IN ('last', 'gwup') AND (CASE WHEN s.tier = 'agent' THEN c.touched_agent ELSE c.touched_gateway OR (c.touched_agent AND NOT c.checks_tokens) END) THEN 2 ELSE 1 END::INTEGER AS attempt,
  s.begin_ns::BIGINT AS start_ns, (s.begin_ns + s.span_ns)::BIGINT AS end_ns, NULL::BIGINT AS dns_ns, NULL::BIGINT AS connect_ns, NULL::BIGINT AS tls_ns,
  (s.begin_ns + s.span_ns - 100)::BIGINT AS first_byte_ns, true AS reused, s.status::INTEGER AS status,
  CASE WHEN s.status = 401 THEN 'expired' END AS cause,
  CASE WHEN s.tier = 'agent' THEN c.over_broad::INTEGER END::INTEGER AS scope_excess
FROM span s JOIN call c USING (trace_id)
WHERE s.kind = 'Client' AND s.name <> 'token refresh'
