-- Sums per cell, block and leg of where the time of attempts goes, over warm, answered calls; whole ns, so their order does
-- not matter. Parts follow one another and sum to the attempt: name lookup, connect, TLS (each only where a connection was
-- opened), send until the request was written, wait for the first byte, receive until the end.
SELECT c.cb, a.leg,
  count(*)::INTEGER AS attempts,
  count(*) FILTER (NOT a.reused)::INTEGER AS opened,
  count(*) FILTER (a.cause IS NOT NULL)::INTEGER AS refused,
  count(a.sent_ns)::INTEGER AS sent,
  count(a.dns_ns)::INTEGER AS looked_up,
  count(a.connect_ns)::INTEGER AS connected,
  count(a.tls_ns)::INTEGER AS secured,
  sum(a.end_ns - a.start_ns)::DOUBLE AS attempt_ns,
  coalesce(sum(a.end_ns - a.start_ns) FILTER (a.cause IS NOT NULL), 0)::DOUBLE AS refused_ns,
  coalesce(sum(a.dns_ns), 0)::DOUBLE AS lookup_ns,
  coalesce(sum(a.connect_ns), 0)::DOUBLE AS connect_ns,
  coalesce(sum(a.tls_ns), 0)::DOUBLE AS tls_ns,
  sum(coalesce(a.sent_ns - a.start_ns - a.opening_ns, 0))::DOUBLE AS send_ns,
  sum(coalesce(a.first_byte_ns, a.end_ns) - coalesce(a.sent_ns, a.start_ns + a.opening_ns))::DOUBLE AS wait_ns,
  sum(a.end_ns - coalesce(a.first_byte_ns, a.end_ns))::DOUBLE AS receive_ns
FROM (
  SELECT *, coalesce(dns_ns, 0) + coalesce(connect_ns, 0) + coalesce(tls_ns, 0) AS opening_ns FROM attempt
) a
JOIN call c ON c.trace = a.trace
WHERE NOT c.lead_in AND c.answered
GROUP BY c.cb, a.leg
ORDER BY c.cb, a.leg;
