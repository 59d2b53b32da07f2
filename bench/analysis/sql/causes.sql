SELECT c.cb, r.leg, r.cause, count(*)::INTEGER AS count
FROM refusal r JOIN call c ON c.trace = r.trace
GROUP BY ALL
ORDER BY ALL;
