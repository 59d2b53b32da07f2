-- The columns of `otel_logs`, the OpenTelemetry Collector's ClickHouse exporter.
CREATE OR REPLACE TEMP VIEW logs AS
SELECT
  make_timestamp_ns(stored(time_ns)) AS "Timestamp",
  trace_id AS TraceId,
  span_id AS SpanId,
  flags AS TraceFlags,
  severity_text AS SeverityText,
  severity AS SeverityNumber,
  service AS ServiceName,
  body AS Body,
  resource_attributes::JSON::MAP(VARCHAR, VARCHAR) AS ResourceAttributes,
  scope_name AS ScopeName,
  scope_version AS ScopeVersion,
  attributes::JSON::MAP(VARCHAR, VARCHAR) AS LogAttributes
FROM staged_logs
JOIN origins USING (origin)
