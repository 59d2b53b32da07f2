SELECT * REPLACE (
  stored(due_ns) AS due_ns,
  stored(start_ns) AS start_ns,
  stored(first_byte_ns) AS first_byte_ns,
  stored(end_ns) AS end_ns,
  stored(end_ns) - stored(due_ns) AS latency_ns
)
FROM calls
ORDER BY phase, workload, condition, round, slice, arm, position, call_id, trace_id
