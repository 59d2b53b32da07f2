-- A number for every phase × workload × condition × arm × block that has calls. `state(block, kept)` is given.
CREATE TABLE cell_block AS
SELECT (row_number() OVER (ORDER BY phase, workload, condition, arm, block) - 1)::INTEGER AS cb,
  phase, workload, condition, arm, block, coalesce(kept, true) AS kept
FROM place
LEFT JOIN state USING (block);
