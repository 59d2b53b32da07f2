-- Every task of the latency phase without lead-in calls, from when its first call was due until its last one ended.
CREATE TABLE task AS
SELECT b.cb, b.kept, count(*)::INTEGER AS calls, bool_and(c.outcome IN ('ok', 'denied')) AS answered,
  max(c.end_ns) - min(c.due_ns) AS task_ns
FROM calls c
JOIN cell_block b USING (phase, workload, condition, arm, block)
WHERE c.phase = 'latency'
GROUP BY b.cb, b.kept, c.task
HAVING NOT bool_or(c.lead_in);
