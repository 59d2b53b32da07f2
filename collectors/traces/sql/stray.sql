-- Request-scoped lines whose trace is no call's; a line's scope is its own field, and where it has none, a trace_id makes it
-- a request's. They are few, and only they need the attributes, which cost more to read than all the rest.
CREATE OR REPLACE TABLE stray AS
SELECT v.code AS service, hash(g.TraceId, g.SpanId) AS key,
  coalesce(g.ResourceAttributes['weighbridge.arm'], '') AS owner,
  coalesce(TRY_CAST(g.ResourceAttributes['weighbridge.block'] AS INTEGER), -1) AS block
FROM logs g
JOIN service v ON v.name = g.ServiceName
WHERE g.TraceId IN (SELECT DISTINCT stray_id FROM line WHERE cb IS NULL)
  AND coalesce(g.LogAttributes['scope'], CASE WHEN g.TraceId <> '' THEN 'request' END) = 'request';
