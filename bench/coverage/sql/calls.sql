-- Every call in order. Infinite where no answer came: it ranks above every success. Given: the view `calls` of a packed
-- recording, and `arms(name, arm)`.
SELECT c.block::INTEGER AS block, a.arm, c.round::INTEGER AS round, c.lead_in::INTEGER AS lead_in,
  CASE WHEN c.answered THEN c.latency_256ns * 256::DOUBLE ELSE 'Infinity'::DOUBLE END AS latency_ns,
  coalesce(c.injected_ns, 0)::DOUBLE AS injected_ns
FROM calls c
JOIN arms a ON a.name = c.arm
ORDER BY c.block, a.arm, c.round, c.position;
