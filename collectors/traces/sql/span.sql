-- Spans with 64-bit keys in place of hex ids, which halves the time of every join. `key` names a span, `parent` its
-- parent's key; both are hashed with the trace, so that equal span ids of two traces stay apart. `part` is what the span
-- is on a call's way: 1 the call, 2 the agent's attempt, 3 its token refresh, 4 the gateway's handling, 5 its attempt
-- upstream, 6 its token refresh, 7 the tool's handling, 0 anything else.
CREATE OR REPLACE TABLE span AS
SELECT
  hash(s.TraceId) AS trace,
  hash(s.TraceId, s.SpanId) AS key,
  CASE WHEN s.ParentSpanId <> '' THEN hash(s.TraceId, s.ParentSpanId) END AS parent,
  v.code AS service,
  CASE v.role
    WHEN 1 THEN CASE WHEN coalesce(s.ParentSpanId, '') = '' THEN 1 WHEN s.SpanName = 'token refresh' THEN 3 WHEN s.SpanKind = 'Client' THEN 2 ELSE 0 END
    WHEN 2 THEN CASE WHEN s.SpanKind = 'Server' THEN 4 WHEN s.SpanName = 'token refresh' THEN 6 WHEN s.SpanKind = 'Client' THEN 5 ELSE 0 END
    WHEN 3 THEN CASE WHEN s.SpanKind = 'Server' THEN 7 ELSE 0 END
    ELSE 0
  END::UTINYINT AS part,
  epoch_ns(s.Timestamp) AS start_ns,
  s.Duration::BIGINT AS duration_ns,
  CASE WHEN v.role = 3 THEN coalesce(TRY_CAST(s.SpanAttributes['weighbridge.token_check_ns'] AS BIGINT), 0) ELSE 0 END AS check_ns
FROM spans s
JOIN service v ON v.name = s.ServiceName;
