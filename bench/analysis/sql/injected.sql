-- What placebos put in front of warm, answered calls, as their gateways measured it; ns, a row per call. `placebo(arm)` is given.
SELECT c.cb, sum(TRY_CAST(s.SpanAttributes['weighbridge.injected_ns'] AS BIGINT))::DOUBLE AS injected_ns
FROM spans s
JOIN call c ON c.trace = hash(s.TraceId)
JOIN cell_block b ON b.cb = c.cb
WHERE b.arm IN (SELECT arm FROM placebo) AND s.SpanKind = 'Server' AND NOT c.lead_in AND c.answered
  AND TRY_CAST(s.SpanAttributes['weighbridge.injected_ns'] AS BIGINT) IS NOT NULL
GROUP BY c.cb, c.trace;
