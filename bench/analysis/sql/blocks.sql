-- Every block with calls, and from when until when these were made (epoch ns, as text: more digits than a number holds).
SELECT block, sum(calls)::INTEGER AS calls, min(from_ns)::VARCHAR AS from_ns, max(to_ns)::VARCHAR AS to_ns
FROM place
GROUP BY block
ORDER BY block;
