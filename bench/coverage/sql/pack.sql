-- The calls of a part's kept blocks. `turn`: the place of their slice in its round. `answered`: it took the time it took, as
-- analysis has it for the latency phase, where one that is denied has failed fast. `injected_ns`: what the injector says
-- that it really added, over all attempts of the call; null where no injector stands in the path. Given: the views
-- `calls` and `spans` of the part, and `kept(of_part, block)`.
INSERT INTO packed
SELECT k.block, c.arm, c.round, c.slice - c.round * (SELECT count(DISTINCT arm) FROM calls), c.position, c.lead_in,
  c.outcome = 'ok',
  CASE WHEN c.latency_ns % 256 = 0 THEN c.latency_ns // 256 ELSE error('a latency that is no multiple of 256 ns') END,
  i.injected_ns
FROM calls c
JOIN kept k ON k.of_part = c.block
LEFT JOIN (
  SELECT TraceId, sum(SpanAttributes['weighbridge.injected_ns']::BIGINT)::BIGINT AS injected_ns
  FROM spans
  WHERE SpanAttributes['weighbridge.injected_ns'] IS NOT NULL
  GROUP BY TraceId
) i ON i.TraceId = c.trace_id
WHERE c.phase = 'latency';
