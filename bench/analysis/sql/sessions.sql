-- Calls of every block of an agent that met a 401 at all, in the order in which they began, for the search for loops:
-- times in ns since the cell's first call, `task_end_ns` when the call's task was over. Streamed.
WITH met AS (
  SELECT DISTINCT c.cb FROM call c LEFT JOIN touch t ON t.trace = c.trace WHERE c.unauthorized > 0 OR t.trace IS NOT NULL
), each AS (
  SELECT c.cb, c.agent_id, c.task, c.call_id, c.start_ns, c.end_ns,
    c.unauthorized > 0 OR t.trace IS NOT NULL AS touched,
    min(c.start_ns) OVER (PARTITION BY c.cb) AS first_ns,
    max(c.end_ns) OVER (PARTITION BY c.cb, c.agent_id, c.task) AS task_end_ns
  FROM call c
  SEMI JOIN met ON met.cb = c.cb
  LEFT JOIN touch t ON t.trace = c.trace
)
SELECT cb, dense_rank() OVER (ORDER BY cb, agent_id)::INTEGER AS session, dense_rank() OVER (ORDER BY cb, agent_id, task)::INTEGER AS task,
  (start_ns - first_ns)::DOUBLE AS start_ns, (end_ns - first_ns)::DOUBLE AS end_ns, (task_end_ns - first_ns)::DOUBLE AS task_end_ns, touched::INTEGER AS touched
FROM each
ORDER BY cb, agent_id, start_ns, end_ns, call_id;
