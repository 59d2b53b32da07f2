SELECT phase, workload, condition, arm, block::INTEGER AS block, round::INTEGER AS round, turn::INTEGER AS slice, position::INTEGER AS position, lead_in,
  call_id, task, 'searcher' AS plugin, 'search' AS tool, 'query' AS operation, 'read' AS class, 'http' AS protocol,
  'agent-' || arm AS agent_id, 'acme' AS tenant, trace_id, due_ns, start_ns,
  CASE WHEN failed THEN NULL ELSE last_ns + attempt_ns - 100 END AS first_byte_ns,
  last_ns + attempt_ns + agent_ns - agent_ns // 2 AS end_ns,
  last_ns + attempt_ns + agent_ns - agent_ns // 2 - due_ns AS latency_ns,
  (1 + touched_agent::INTEGER)::INTEGER AS attempts, touched_agent::INTEGER AS unauthorized,
  CASE WHEN failed THEN NULL ELSE 200 END::INTEGER AS status,
  CASE WHEN failed THEN 'timeout' ELSE 'ok' END AS outcome,
  NULL::VARCHAR AS denied_by, CASE WHEN failed THEN 'timeout' END AS error_type
FROM call
