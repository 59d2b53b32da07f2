-- Sums per cell and block of where the time of its warm, answered calls went. Time before the call span (start − due) is
-- the agent's. Sums are whole ns, so their order does not matter; means are made later, in one place.
SELECT c.cb,
  count(*)::INTEGER AS calls,
  count(p.trace)::INTEGER AS traced,
  count(*) FILTER (c.ok AND coalesce(p.tool_ns, 0) > 0)::INTEGER AS complete,
  count(*) FILTER (c.ok)::INTEGER AS ok,
  sum(c.latency_ns)::DOUBLE AS felt_ns,
  sum(c.start_ns - c.due_ns + coalesce(p.call_ns, 0) - coalesce(p.attempt_ns, 0) - coalesce(p.refresh_ns, 0) + coalesce(o.agent_ns, 0))::DOUBLE AS agent_ns,
  sum(coalesce(p.refresh_ns, 0) + coalesce(p.vault_ns, 0))::DOUBLE AS refresh_ns,
  sum(coalesce(p.attempt_ns, 0) - coalesce(p.gateway_ns, p.tool_ns, 0))::DOUBLE AS wire_ns,
  sum(coalesce(p.gateway_ns, 0) - coalesce(p.upstream_ns, 0) - coalesce(p.vault_ns, 0) + coalesce(o.gateway_ns, 0))::DOUBLE AS gateway_ns,
  sum(CASE WHEN p.gateway_ns IS NULL THEN 0 ELSE coalesce(p.upstream_ns, 0) - coalesce(p.tool_ns, 0) END)::DOUBLE AS upstream_wire_ns,
  sum(coalesce(p.check_ns, 0))::DOUBLE AS check_ns,
  sum(coalesce(p.tool_ns, 0) - coalesce(p.check_ns, 0))::DOUBLE AS tool_ns,
  sum(coalesce(p.attempt_ns, 0) - coalesce(p.tool_ns, 0)) FILTER (c.ok AND p.tool_ns IS NOT NULL)::DOUBLE AS hop_ns
FROM call c
LEFT JOIN path p ON p.trace = c.trace
LEFT JOIN overlap o ON o.trace = c.trace
WHERE NOT c.lead_in AND c.answered
GROUP BY c.cb
ORDER BY c.cb;
