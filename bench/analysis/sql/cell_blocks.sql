SELECT cb, phase, workload, condition, arm, block, kept FROM cell_block ORDER BY cb;
