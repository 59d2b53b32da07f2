-- What a join by timestamp alone would get right, where all arms run at once (the correlation phase). For each line that
-- has an id, forget the id and keep what a log line shows of its time: whole milliseconds. Candidates are the spans of the
-- same service, of every arm and agent, that touch that millisecond; taken is the one that begins or ends nearest to its
-- middle. Right, if it is of the line's own trace. Both sides are cut into pieces of 2 ms, so that only neighbours meet.
WITH second AS (
  SELECT DISTINCT unnest(range(from_ns // 1000000000 - 1, to_ns // 1000000000 + 1)) AS second
  FROM (
    SELECT min(c.due_ns) AS from_ns, max(c.end_ns) AS to_ns
    FROM call c JOIN cell_block cb ON cb.cb = c.cb
    WHERE cb.phase = 'correlation'
    GROUP BY cb.block
  )
), met AS (
  SELECT row_number() OVER () AS line, l.cb, l.trace, l.service, l.at_ns // 1000000 * 1000000 AS at_ns
  FROM line l
  JOIN cell_block cb ON cb.cb = l.cb
  WHERE cb.phase = 'correlation'
), candidate AS (
  SELECT s.trace, s.key, s.service, s.start_ns, s.start_ns + s.duration_ns AS end_ns,
    unnest(range(s.start_ns // 2000000, (s.start_ns + s.duration_ns) // 2000000 + 1)) AS piece
  FROM span s
  SEMI JOIN second w ON w.second = s.start_ns // 1000000000
), taken AS (
  SELECT l.line, any_value(l.cb) AS cb, any_value(l.trace) AS trace, arg_min(s.trace, (least(abs(s.start_ns - l.at_ns - 500000), abs(s.end_ns - l.at_ns - 500000)), s.key)) AS given
  FROM met l
  LEFT JOIN candidate s ON s.service = l.service AND s.piece = l.at_ns // 2000000 AND s.start_ns < l.at_ns + 1000000 AND s.end_ns >= l.at_ns
  GROUP BY l.line
)
SELECT cb, count(*)::INTEGER AS lines, count(*) FILTER (given = trace)::INTEGER AS right_lines
FROM taken
GROUP BY cb
ORDER BY cb;
