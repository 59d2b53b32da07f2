-- What each tier would report of itself: everything it noted, before any loss.
SELECT block::INTEGER AS block, 'weighbridge-' || tier AS service, CASE WHEN tier IN ('agent', 'gateway') THEN arm ELSE '' END AS owner,
  count(*)::INTEGER AS spans, count(*) FILTER (kind = 'Server' OR spot = 'root')::INTEGER AS lines
FROM span GROUP BY ALL ORDER BY ALL
