-- The calls of every step, a step after the other; outcomes as places in the contract's list of them.
SELECT s.number, l.due_us::INTEGER AS due_us, l.lag_us::INTEGER AS lag_us, l.latency_us::INTEGER AS latency_us,
  (list_position(['ok', 'denied', 'failed', 'timeout', 'lost', 'unsent'], l.outcome) - 1)::INTEGER AS outcome,
  l.attempts::INTEGER AS attempts, l.unauthorized::INTEGER AS unauthorized
FROM load l
JOIN load_step s USING (arm, block, step)
ORDER BY s.number, l.call;
