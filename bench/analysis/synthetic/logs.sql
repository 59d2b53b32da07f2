-- One request-scoped line per call on the agent and per request on every server, a microsecond before its span ends.
SELECT make_timestamp_ns(begin_ns + span_ns - least(1000, span_ns // 2)) AS Timestamp, s.trace_id AS TraceId, s.span_id AS SpanId, 'INFO' AS SeverityText,
  'weighbridge-' || s.tier AS ServiceName, 'answered' AS Body, r.attributes AS ResourceAttributes, m.attributes AS LogAttributes
FROM (SELECT * FROM span WHERE (kind = 'Server' OR spot = 'root') AND NOT (${lost_line})) s
JOIN resource_map r ON r.tier = s.tier AND r.arm = s.arm AND r.block = s.block
JOIN line_map m ON m.status = s.status
