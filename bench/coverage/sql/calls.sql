-- Every call in order. `latency_ns` is infinite where no answer came: it ranks above every success. `injected_ns` is 0 where no
-- injector stands in the path, and NaN where one does and what it added to an answered call is not there. Given: the view
-- `calls` of a packed recording, and `arms(name, arm, placebo)`.
SELECT c.block::INTEGER AS block, a.arm, c.round::INTEGER AS round, c.lead_in::INTEGER AS lead_in,
  CASE WHEN c.answered THEN c.latency_256ns * 256::DOUBLE ELSE 'Infinity'::DOUBLE END AS latency_ns,
  coalesce(c.injected_ns::DOUBLE, CASE WHEN a.placebo AND c.answered THEN 'NaN'::DOUBLE ELSE 0 END) AS injected_ns
FROM calls c
JOIN arms a ON a.name = c.arm
ORDER BY c.block, a.arm, c.round, c.position;
