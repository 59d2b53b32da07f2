-- Attempts on both legs. The gateway's are read from its client spans that serve a call (names: bench/contract/names.ts).
CREATE OR REPLACE TEMP VIEW attempts AS
SELECT * REPLACE (stored(start_ns) AS start_ns, stored(end_ns) AS end_ns, stored(sent_ns) AS sent_ns, stored(first_byte_ns) AS first_byte_ns)
FROM agent_attempts
UNION ALL
SELECT
  TraceId AS trace_id,
  SpanId AS span_id,
  SpanAttributes['weighbridge.call_id'] AS call_id,
  ResourceAttributes['weighbridge.arm'] AS arm,
  TRY_CAST(ResourceAttributes['weighbridge.block'] AS INTEGER) AS block,
  'gateway' AS leg,
  coalesce(TRY_CAST(SpanAttributes['http.request.resend_count'] AS INTEGER), 0) + 1 AS attempt,
  epoch_ns("Timestamp") AS start_ns,
  epoch_ns("Timestamp") + Duration::BIGINT AS end_ns,
  TRY_CAST(SpanAttributes['weighbridge.dns_ns'] AS BIGINT) AS dns_ns,
  TRY_CAST(SpanAttributes['weighbridge.connect_ns'] AS BIGINT) AS connect_ns,
  TRY_CAST(SpanAttributes['weighbridge.tls_ns'] AS BIGINT) AS tls_ns,
  stored(epoch_ns("Timestamp") + TRY_CAST(SpanAttributes['weighbridge.sent_ns'] AS BIGINT)) AS sent_ns,
  stored(epoch_ns("Timestamp") + TRY_CAST(SpanAttributes['weighbridge.first_byte_ns'] AS BIGINT)) AS first_byte_ns,
  coalesce(SpanAttributes['weighbridge.connection_reused'] IN ('1', 'true'), false) AS reused,
  TRY_CAST(SpanAttributes['http.response.status_code'] AS INTEGER) AS status,
  SpanAttributes['weighbridge.cause'] AS cause,
  NULL AS scope_excess
FROM spans
WHERE ServiceName = 'weighbridge-gateway'
  AND SpanKind = 'Client'
  AND SpanAttributes['weighbridge.call_id'] IS NOT NULL
