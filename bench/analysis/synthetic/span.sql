-- The spans of every call, tier by tier. `spot` tells spans of one call apart; `up` is the parent's.
CREATE OR REPLACE VIEW span AS
WITH each AS (
  SELECT trace_id, arm, block, position, 'root' AS spot, '' AS up, 'agent' AS tier, 'Internal' AS kind, 'execute_tool search' AS name, start_ns AS begin_ns,
    last_ns + attempt_ns + agent_ns - agent_ns // 2 - start_ns AS span_ns, 0 AS check_ns, 200 AS status FROM call
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'try1' AS spot, 'root' AS up, 'agent' AS tier, 'Client' AS kind, 'POST' AS name, first_ns AS begin_ns, wire_ns + refused_ns AS span_ns, 0 AS check_ns, 401 AS status FROM call WHERE touched_agent
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'refresh' AS spot, 'root' AS up, 'agent' AS tier, 'Client' AS kind, 'token refresh' AS name, first_ns + wire_ns + refused_ns AS begin_ns, refresh_ns AS span_ns, 0 AS check_ns, 200 AS status FROM call WHERE touched_agent
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'granted' AS spot, 'refresh' AS up, 'auth' AS tier, 'Server' AS kind, 'POST /token' AS name, first_ns + wire_ns + refused_ns + refresh_ns // 4 AS begin_ns, refresh_ns // 2 AS span_ns, 0 AS check_ns, 200 AS status FROM call WHERE touched_agent
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'last' AS spot, 'root' AS up, 'agent' AS tier, 'Client' AS kind, 'POST' AS name, last_ns AS begin_ns, attempt_ns AS span_ns, 0 AS check_ns, 200 AS status FROM call
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'try1gw' AS spot, 'try1' AS up, 'gateway' AS tier, 'Server' AS kind, 'POST /search/query' AS name, first_ns + wire_ns // 2 AS begin_ns, refused_ns AS span_ns, 0 AS check_ns, 401 AS status FROM call WHERE touched_agent AND has_gateway
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'try1up' AS spot, 'try1gw' AS up, 'gateway' AS tier, 'Client' AS kind, 'POST' AS name, first_ns + wire_ns // 2 + gateway_ns // 2 AS begin_ns, upstream_wire_ns + check_ns AS span_ns, 0 AS check_ns, 401 AS status FROM call WHERE touched_agent AND has_gateway AND NOT checks_tokens
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'try1tool' AS spot, CASE WHEN has_gateway THEN 'try1up' ELSE 'try1' END AS up, 'tools' AS tier, 'Server' AS kind, 'POST /search/query' AS name,
    first_ns + wire_ns // 2 + (CASE WHEN has_gateway THEN gateway_ns // 2 + upstream_wire_ns // 2 ELSE 0 END) AS begin_ns, check_ns AS span_ns, check_ns, 401 AS status
    FROM call WHERE touched_agent AND NOT (has_gateway AND checks_tokens)
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'gw' AS spot, 'last' AS up, 'gateway' AS tier, 'Server' AS kind, 'POST /search/query' AS name, last_ns + wire_ns // 2 AS begin_ns, attempt_ns - wire_ns AS span_ns, 0 AS check_ns, 200 AS status, injected_ns FROM call WHERE has_gateway
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'gwup1' AS spot, 'gw' AS up, 'gateway' AS tier, 'Client' AS kind, 'POST' AS name, last_ns + wire_ns // 2 + gateway_ns // 2 AS begin_ns, upstream_wire_ns + check_ns AS span_ns, 0 AS check_ns, 401 AS status FROM call WHERE has_gateway AND touched_gateway
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'gwtool1' AS spot, 'gwup1' AS up, 'tools' AS tier, 'Server' AS kind, 'POST /search/query' AS name, last_ns + wire_ns // 2 + gateway_ns // 2 + upstream_wire_ns // 2 AS begin_ns, check_ns AS span_ns, check_ns, 401 AS status FROM call WHERE has_gateway AND touched_gateway
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'gwrefresh' AS spot, 'gw' AS up, 'gateway' AS tier, 'Client' AS kind, 'token refresh' AS name, last_ns + wire_ns // 2 + gateway_ns // 2 + upstream_wire_ns + check_ns AS begin_ns, refresh_ns AS span_ns, 0 AS check_ns, 200 AS status FROM call WHERE has_gateway AND touched_gateway
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'gwup' AS spot, 'gw' AS up, 'gateway' AS tier, 'Client' AS kind, 'POST' AS name, last_ns + wire_ns // 2 + gateway_ns // 2 + mended_ns AS begin_ns, upstream_ns AS span_ns, 0 AS check_ns, 200 AS status FROM call WHERE has_gateway
  UNION ALL BY NAME
  SELECT trace_id, arm, block, position, 'tool' AS spot, CASE WHEN has_gateway THEN 'gwup' ELSE 'last' END AS up, 'tools' AS tier, 'Server' AS kind, 'POST /search/query' AS name,
    last_ns + wire_ns // 2 + (CASE WHEN has_gateway THEN gateway_ns // 2 + mended_ns + upstream_wire_ns // 2 ELSE 0 END) AS begin_ns, server_ns AS span_ns, check_ns, 200 AS status FROM call
)
SELECT *, left(md5(trace_id || spot), 16) AS span_id, CASE WHEN up = '' THEN '' ELSE left(md5(trace_id || up), 16) END AS parent_id FROM each
