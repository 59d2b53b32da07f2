-- CPU time and peak memory of each tier while slices of a cell ran.
SELECT b.cb, r.tier, sum(r.calls)::DOUBLE AS calls, sum(r.cpu_ns)::DOUBLE AS cpu_ns, sum(r.run_queue_ns)::DOUBLE AS run_queue_ns, max(r.peak_rss_bytes)::DOUBLE AS peak_rss_bytes
FROM resources r
JOIN cell_block b USING (phase, workload, condition, arm, block)
GROUP BY b.cb, r.tier
ORDER BY b.cb, r.tier;
