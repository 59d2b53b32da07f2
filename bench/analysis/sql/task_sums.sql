-- Per cell and block: tasks, and those of which every call was answered; whole ns.
SELECT cb, count(*)::INTEGER AS tasks, count(*) FILTER (answered)::INTEGER AS answered,
  coalesce(sum(calls) FILTER (answered), 0)::INTEGER AS calls, coalesce(sum(task_ns) FILTER (answered), 0)::DOUBLE AS task_ns
FROM task
GROUP BY cb
ORDER BY cb;
