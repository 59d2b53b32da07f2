-- Per cell: what calls that met a 401 took in all, and the median of those that did not; whole ns, kept blocks. A median
-- needs the calls of all blocks: they are read once more, those of cells that met a 401 at all.
WITH met AS (
  SELECT DISTINCT b.phase, b.workload, b.condition, b.arm FROM cell_block b SEMI JOIN touched t ON t.cb = b.cb WHERE b.kept
)
SELECT b.phase, b.workload, b.condition, b.arm,
  count(*) FILTER (t.trace IS NOT NULL)::INTEGER AS touched,
  coalesce(sum(c.latency_ns) FILTER (t.trace IS NOT NULL), 0)::DOUBLE AS touched_ns,
  (quantile_disc(c.latency_ns, 0.5) FILTER (t.trace IS NULL))::DOUBLE AS median_ns
FROM all_calls c
SEMI JOIN met USING (phase, workload, condition, arm)
JOIN cell_block b USING (phase, workload, condition, arm, block)
LEFT JOIN (SELECT DISTINCT cb, trace FROM touched) t ON t.cb = b.cb AND t.trace = hash(c.trace_id)
WHERE b.kept AND c.outcome IN ('ok', 'denied')
GROUP BY ALL
HAVING touched > 0
ORDER BY ALL;
