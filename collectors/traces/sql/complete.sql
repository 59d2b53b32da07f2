-- Calls that ended well, and those of them whose trace has spans of every service on their arm's path (`need`, a set of
-- services as bits).
SELECT c.cb, count(*)::INTEGER AS traces, count(*) FILTER (coalesce(p.services, 0) & n.services = n.services)::INTEGER AS complete
FROM call c
JOIN need n ON n.cb = c.cb
LEFT JOIN path p ON p.trace = c.trace
WHERE c.ok
GROUP BY c.cb
ORDER BY c.cb;
