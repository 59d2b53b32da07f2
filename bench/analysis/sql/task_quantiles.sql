-- Per cell, over kept blocks: quantiles of task times, a task with an unanswered call above every other.
SELECT b.phase, b.workload, b.condition, b.arm,
  quantile_disc(CASE WHEN t.answered THEN t.task_ns::DOUBLE ELSE 'Infinity'::DOUBLE END, 0.5) AS p50_ns,
  quantile_disc(CASE WHEN t.answered THEN t.task_ns::DOUBLE ELSE 'Infinity'::DOUBLE END, 0.95) AS p95_ns
FROM task t
JOIN cell_block b ON b.cb = t.cb AND b.kept
GROUP BY ALL
ORDER BY ALL;
