-- The columns of `otel_traces`, the OpenTelemetry Collector's ClickHouse exporter; events and links are not kept.
CREATE OR REPLACE TEMP VIEW spans AS
SELECT
  make_timestamp_ns(stored(start_ns)) AS "Timestamp",
  ids[1:32] AS TraceId,
  ids[33:48] AS SpanId,
  ids[49:64] AS ParentSpanId,
  CASE WHEN rest = '' THEN '' ELSE rest ->> 0 END AS TraceState,
  name AS SpanName,
  ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'][kind_status // 3 + 1] AS SpanKind,
  service AS ServiceName,
  resource_attributes::JSON::MAP(VARCHAR, VARCHAR) AS ResourceAttributes,
  scope_name AS ScopeName,
  scope_version AS ScopeVersion,
  attributes::JSON::MAP(VARCHAR, VARCHAR) AS SpanAttributes,
  (stored(start_ns + duration_ns::BIGINT) - stored(start_ns))::UBIGINT AS Duration,
  ['Unset', 'Ok', 'Error'][kind_status % 3 + 1] AS StatusCode,
  CASE WHEN rest = '' THEN '' ELSE rest ->> 1 END AS StatusMessage
FROM staged_spans
JOIN origins USING (origin)
