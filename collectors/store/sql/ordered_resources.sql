SELECT * FROM resources ORDER BY phase, workload, condition, round, slice, arm, tier, pid
