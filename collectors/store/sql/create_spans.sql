-- The columns of `otel_traces`, the OpenTelemetry Collector's ClickHouse exporter; events and links are not kept.
CREATE OR REPLACE TEMP VIEW spans AS
SELECT
  make_timestamp_ns(start_ns) AS "Timestamp",
  trace_id AS TraceId,
  span_id AS SpanId,
  parent_span_id AS ParentSpanId,
  trace_state AS TraceState,
  name AS SpanName,
  ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'][kind + 1] AS SpanKind,
  service AS ServiceName,
  resource_attributes::JSON::MAP(VARCHAR, VARCHAR) AS ResourceAttributes,
  scope_name AS ScopeName,
  scope_version AS ScopeVersion,
  attributes::JSON::MAP(VARCHAR, VARCHAR) AS SpanAttributes,
  duration_ns AS Duration,
  ['Unset', 'Ok', 'Error'][status + 1] AS StatusCode,
  status_message AS StatusMessage
FROM staged_spans
JOIN origins USING (origin)
