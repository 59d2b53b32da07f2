-- How the calls of a cell and block ended, and how many met a 401: on the agent's leg, on any, and three times or more.
SELECT c.cb,
  count(*)::INTEGER AS calls,
  count(*) FILTER (NOT lead_in)::INTEGER AS warm,
  count(DISTINCT slice)::INTEGER AS slices,
  count(*) FILTER (outcome = 0)::INTEGER AS ok,
  count(*) FILTER (outcome = 1)::INTEGER AS denied,
  count(*) FILTER (outcome = 2)::INTEGER AS failed,
  count(*) FILTER (outcome = 3)::INTEGER AS timeout,
  count(*) FILTER (outcome = 4)::INTEGER AS lost,
  count(*) FILTER (unauthorized > 0)::INTEGER AS unauthorized,
  count(*) FILTER (unauthorized > 0 OR t.trace IS NOT NULL)::INTEGER AS touched,
  count(*) FILTER (ok AND (unauthorized > 0 OR t.trace IS NOT NULL))::INTEGER AS recovered,
  count(*) FILTER (greatest(t.on_agent, t.on_gateway) >= 3)::INTEGER AS thrice
FROM call c
LEFT JOIN touch t ON t.trace = c.trace
GROUP BY c.cb
ORDER BY c.cb;
