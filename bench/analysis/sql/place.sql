-- Where and when calls were made: a row for every phase × workload × condition × arm × block.
CREATE TABLE place AS
SELECT phase, workload, condition, arm, block::INTEGER AS block,
  count(*)::INTEGER AS calls, min(least(due_ns, start_ns)) AS from_ns, max(end_ns) AS to_ns
FROM all_calls
WHERE phase <> 'parity'
GROUP BY ALL;
