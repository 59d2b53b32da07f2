SELECT make_timestamp_ns(s.begin_ns) AS Timestamp, s.trace_id AS TraceId, s.span_id AS SpanId, s.parent_id AS ParentSpanId, s.name AS SpanName, s.kind AS SpanKind,
  'weighbridge-' || s.tier AS ServiceName, r.attributes AS ResourceAttributes, 
  CASE WHEN s.injected_ns IS NULL THEN m.attributes ELSE map_concat(m.attributes, map(['weighbridge.injected_ns'], [s.injected_ns::VARCHAR])) END AS SpanAttributes, s.span_ns::UBIGINT AS Duration,
  CASE WHEN s.status >= 400 AND s.kind = 'Client' THEN 'Error' ELSE 'Unset' END AS StatusCode
FROM (SELECT * FROM span WHERE NOT (${lost_span})) s
JOIN resource_map r ON r.tier = s.tier AND r.arm = s.arm AND r.block = s.block
JOIN span_map m ON m.shape = (CASE WHEN s.tier = 'tools' THEN 'tool' WHEN s.kind = 'Internal' THEN 'call' ELSE 'http' END)
  AND m.arm = s.arm AND m.status = s.status AND m.variant = s.begin_ns % 50
