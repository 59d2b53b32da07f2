-- Spans that name a parent which was not stored, by the cell and block of their call.
SELECT c.cb, count(*)::INTEGER AS orphans
FROM (
  SELECT s.trace FROM span s ANTI JOIN span p ON p.key = s.parent WHERE s.parent IS NOT NULL
) o
JOIN call c ON c.trace = o.trace
GROUP BY c.cb
ORDER BY c.cb;
