-- Every task of the latency phase without lead-in calls, from when its first call was due until its last one ended.
INSERT INTO task
SELECT c.cb, count(*)::INTEGER AS calls, bool_and(c.answered) AS answered, max(c.end_ns) - min(c.due_ns) AS task_ns
FROM call c
JOIN cell_block b ON b.cb = c.cb
WHERE b.phase = 'latency'
GROUP BY c.cb, c.task
HAVING NOT bool_or(c.lead_in);
