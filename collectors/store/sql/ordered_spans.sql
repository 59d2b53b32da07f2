SELECT * FROM spans ORDER BY ServiceName, ResourceAttributes['service.instance.id'], SpanKind, "Timestamp", TraceId, SpanId
