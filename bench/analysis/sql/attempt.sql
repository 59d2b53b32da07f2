-- The batch's attempts, read once for all questions that are asked of them.
CREATE OR REPLACE TABLE attempt AS
SELECT hash(trace_id) AS trace, arm, block::INTEGER AS block, leg, start_ns, end_ns, sent_ns, first_byte_ns, dns_ns, connect_ns, tls_ns,
  reused, status, cause, scope_excess
FROM attempts;
