SELECT * FROM calls ORDER BY phase, workload, condition, round, slice, arm, position, call_id, trace_id
