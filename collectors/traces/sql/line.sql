-- Lines with numbers in place of names and ids; `cb` is null where their trace is no call's, and only then that trace's id
-- is kept.
CREATE OR REPLACE TABLE line AS
SELECT c.cb, v.code AS service, l.trace, l.key, l.at_ns, CASE WHEN c.cb IS NULL THEN l.TraceId END AS stray_id
FROM (
  SELECT TraceId, hash(TraceId) AS trace, hash(TraceId, SpanId) AS key, epoch_ns(Timestamp) AS at_ns, ServiceName FROM logs
) l
JOIN service v ON v.name = l.ServiceName
LEFT JOIN call c ON c.trace = l.trace;
