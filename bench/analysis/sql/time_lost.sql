-- Per cell: what calls that met a 401 took in all, and the median of those that did not; whole ns, kept blocks.
SELECT b.phase, b.workload, b.condition, b.arm,
  count(*) FILTER (touched)::INTEGER AS touched,
  coalesce(sum(latency_ns) FILTER (touched), 0)::DOUBLE AS touched_ns,
  (quantile_disc(latency_ns, 0.5) FILTER (NOT touched))::DOUBLE AS median_ns
FROM (
  SELECT c.cb, c.latency_ns, c.unauthorized > 0 OR t.trace IS NOT NULL AS touched
  FROM call c LEFT JOIN touch t ON t.trace = c.trace
  WHERE c.answered
) c
JOIN cell_block b ON b.cb = c.cb AND b.kept
GROUP BY ALL
HAVING touched > 0
ORDER BY ALL;
