-- For every fault: did a 401 of its kind surface on its leg? A revocation is injected at a known moment and counts until
-- the next one. Expiries are nominal (an authority dates tokens in whole seconds, and each renewal moves the next), so
-- each owns the time that lies nearest to it. `fault(arm, block, leg, kind, at_ns)` is given.
WITH bound AS (
  SELECT *,
    lag(at_ns) OVER series AS before_ns,
    lead(at_ns) OVER series AS after_ns
  FROM fault
  WINDOW series AS (PARTITION BY arm, block, leg, kind ORDER BY at_ns)
), own AS (
  SELECT arm, block, leg, kind, at_ns,
    CASE WHEN kind = 'revoked' THEN at_ns WHEN before_ns IS NULL THEN 0 ELSE before_ns + (at_ns - before_ns) // 2 END AS from_ns,
    CASE WHEN after_ns IS NULL THEN 9223372036854775807 WHEN kind = 'revoked' THEN after_ns ELSE at_ns + (after_ns - at_ns) // 2 END AS to_ns
  FROM bound
)
SELECT f.arm, f.block, f.leg, f.kind,
  count(*)::INTEGER AS n,
  count(*) FILTER (EXISTS (
    SELECT 1 FROM refusal r
    WHERE r.arm = f.arm AND r.block = f.block AND r.leg = f.leg AND r.status = 401 AND r.cause IN (f.kind, 'unknown')
      AND r.end_ns >= f.from_ns AND r.end_ns < f.to_ns
  ))::INTEGER AS with_401
FROM own f
GROUP BY ALL
ORDER BY ALL;
