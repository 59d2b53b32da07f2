SELECT c.phase, c.workload, c.condition, c.arm, c.block::INTEGER AS block, c.round::INTEGER AS round, c.turn::INTEGER AS slice, t.tier, 1000 AS pid,
  count(*)::INTEGER AS calls, sum(CASE t.tier WHEN 'weighbridge-agent' THEN 200000 ELSE 100000 END)::BIGINT AS cpu_ns, (count(*) * 5000)::BIGINT AS run_queue_ns,
  90000000::BIGINT AS rss_bytes, (100000000 + c.block * 1048576)::BIGINT AS peak_rss_bytes
FROM call c, (VALUES ('weighbridge-agent'), ('weighbridge-gateway'), ('weighbridge-tools')) t(tier)
WHERE (t.tier <> 'weighbridge-gateway' OR c.has_gateway) AND NOT c.simultaneous
GROUP BY ALL
