SELECT * FROM attempts ORDER BY arm, leg, start_ns, trace_id, span_id
