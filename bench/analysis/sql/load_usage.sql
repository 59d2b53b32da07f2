-- What each tier used at each step of load of the kept blocks.
SELECT r.arm, r.block::INTEGER AS block, r.slice::INTEGER AS step, r.tier, sum(r.calls)::DOUBLE AS calls,
  sum(r.cpu_ns)::DOUBLE AS cpu_ns, sum(r.run_queue_ns)::DOUBLE AS run_queue_ns, max(r.peak_rss_bytes)::DOUBLE AS peak_rss_bytes
FROM resources r
LEFT JOIN state USING (block)
WHERE r.phase = 'load' AND coalesce(kept, true)
GROUP BY r.arm, r.block, r.slice, r.tier
ORDER BY r.arm, r.block, r.slice, r.tier;
