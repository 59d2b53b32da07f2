SELECT * FROM logs ORDER BY ServiceName, ResourceAttributes['service.instance.id'], "Timestamp", TraceId, SpanId, Body
