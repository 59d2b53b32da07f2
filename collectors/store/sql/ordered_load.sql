SELECT * FROM load ORDER BY workload, arm, step, call
