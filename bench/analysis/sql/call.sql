-- The batch's calls with numbers in place of names. `answered`: it took the time it took; all others rank above every success.
-- In the latency phase an agent may make all its calls, as parity proves: one that is denied there has failed fast.
CREATE OR REPLACE TABLE call AS
SELECT hash(c.trace_id) AS trace, b.cb, c.lead_in, c.outcome = 'ok' AS ok, c.outcome = 'ok' OR (c.outcome = 'denied' AND c.phase <> 'latency') AS answered,
  CASE c.outcome WHEN 'ok' THEN 0 WHEN 'denied' THEN 1 WHEN 'failed' THEN 2 WHEN 'timeout' THEN 3 ELSE 4 END::UTINYINT AS outcome,
  c.unauthorized::SMALLINT AS unauthorized, c.slice::INTEGER AS slice,
  c.due_ns, c.start_ns, c.end_ns, c.latency_ns, c.agent_id, hash(c.task) AS task, c.call_id
FROM calls c
JOIN cell_block b USING (phase, workload, condition, arm, block);
