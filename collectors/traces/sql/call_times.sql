-- Every call: its cell and block, whether it is lead-in, its felt latency (infinite without an answer), its hop time
-- (attempts minus tool service) and the gateway's own time; both infinite for a call that did not end well, since its spans
-- tell of no whole call, and NaN where spans do not show them. ns; streamed, never sorted here.
SELECT c.cb, c.lead_in::INTEGER AS lead_in,
  CASE WHEN c.answered THEN c.latency_ns::DOUBLE ELSE 'Infinity'::DOUBLE END AS felt_ns,
  CASE WHEN NOT c.ok THEN 'Infinity'::DOUBLE
    WHEN p.tool_ns IS NOT NULL AND p.attempt_ns IS NOT NULL THEN (p.attempt_ns - p.tool_ns)::DOUBLE ELSE 'NaN'::DOUBLE END AS hop_ns,
  CASE WHEN NOT c.ok THEN 'Infinity'::DOUBLE
    WHEN p.gateway_ns IS NOT NULL THEN (p.gateway_ns - coalesce(p.upstream_ns, 0) - coalesce(p.vault_ns, 0) + coalesce(o.gateway_ns, 0))::DOUBLE ELSE 'NaN'::DOUBLE END AS gateway_ns
FROM call c
LEFT JOIN path p ON p.trace = c.trace
LEFT JOIN overlap o ON o.trace = c.trace;
