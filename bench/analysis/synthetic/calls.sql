WITH ended AS (
  SELECT *,
    CASE WHEN failed THEN 'timeout' WHEN fails_fast THEN 'failed' WHEN denied_fast THEN 'denied' ELSE 'ok' END AS outcome,
    -- In 20 µs a call is refused by whoever comes first.
    CASE WHEN fails_fast OR denied_fast THEN start_ns + 20000 ELSE last_ns + attempt_ns + agent_ns - agent_ns // 2 END AS end_ns
  FROM call
)
SELECT phase, workload, condition, arm, block::INTEGER AS block, round::INTEGER AS round, turn::INTEGER AS slice, position::INTEGER AS position, lead_in,
  call_id, task, 'searcher' AS plugin, 'search' AS tool, 'query' AS operation, 'read' AS class, 'http' AS protocol,
  'agent-' || arm AS agent_id, 'acme' AS tenant, trace_id, due_ns, start_ns,
  CASE outcome WHEN 'timeout' THEN NULL WHEN 'ok' THEN last_ns + attempt_ns - 100 ELSE end_ns - 100 END AS first_byte_ns,
  end_ns, end_ns - due_ns AS latency_ns,
  (1 + touched_agent::INTEGER)::INTEGER AS attempts, touched_agent::INTEGER AS unauthorized,
  CASE outcome WHEN 'ok' THEN 200 WHEN 'failed' THEN 500 WHEN 'denied' THEN 403 END::INTEGER AS status,
  outcome, CASE outcome WHEN 'denied' THEN 'gateway' END AS denied_by,
  CASE outcome WHEN 'timeout' THEN 'timeout' WHEN 'failed' THEN '500' WHEN 'denied' THEN 'forbidden' END AS error_type
FROM ended
