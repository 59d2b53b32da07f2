-- Every call with the lengths of its parts, all in whole nanoseconds. What the arms share (the tool's own time) is
-- keyed without the arm; what differs is added per arm, so that differences are known.
CREATE OR REPLACE TABLE call AS
WITH point AS (
  SELECT s.*, b.block, b.voided, a.* EXCLUDE (touched_agent, touched_gateway),
    r.range AS round, p.range AS position,
    (r.range * arms.n + (a.arm_no + r.range + b.block) % arms.n)::BIGINT AS turn,
    hash(${seed}, s.session_no, b.block, r.range, p.range) AS key,
    hash(${seed}, s.session_no, b.block, r.range, p.range, a.arm) AS own_key,
    hash(${seed}, b.block, a.arm) AS block_key
  FROM session s, block b, arm a, range(s.rounds) r, range(s.slice_calls) p, (SELECT count(*) AS n FROM arm) arms
), drawn AS (
  SELECT *,
    position < lead_in_calls AS lead_in,
    -- Box–Muller for the tool and the block, exponential for the arm's own noise.
    (service_us * 1000 * exp(service_sigma * sqrt(-2 * ln(((key >> 32) + 1) / 4294967297.0)) * cos(2 * pi() * ((key & 4294967295) / 4294967296.0))))::BIGINT AS tool_ns,
    (-ln(((own_key >> 32) + 1) / 4294967297.0) * ${noise_ns})::BIGINT AS noise_ns,
    (sqrt(-2 * ln(((block_key >> 32) + 1) / 4294967297.0)) * cos(2 * pi() * ((block_key & 4294967295) / 4294967296.0)) * ${block_sd_ns})::BIGINT AS block_ns,
    ((own_key >> 7) % 5000)::BIGINT AS lag_ns,
    CASE WHEN delay_ns >= 0 THEN delay_ns + (own_key % 3000)::BIGINT END AS injected_ns,
    'b' || block || 's' || session_no || 'r' || round || '-t' || (position // ${task_calls}) AS task,
    'b' || block || 's' || session_no || 'r' || round || '-p' || position AS call_id,
    lpad(lower(to_hex(own_key)), 16, '0') || lpad(lower(to_hex(hash(own_key, 1))), 16, '0') AS trace_id,
    ${touched_agent} AS touched_agent,
    ${touched_gateway} AS touched_gateway,
    ${failed} AS failed,
    ${fails_fast} AS fails_fast,
    ${denied_fast} AS denied_fast,
    ${over_broad} AS over_broad,
    ${opened_agent} AS opened_agent,
    has_gateway AND ${opened_gateway} AS opened_gateway,
    CASE WHEN simultaneous THEN position * gap_ns
      ELSE turn * ${slice_ns} + ((position // ${task_calls}) // concurrency * ${task_calls} + position % ${task_calls}) * gap_ns END AS offset_ns
  FROM point
), parts AS (
  SELECT * REPLACE (wire_ns + noise_ns + (CASE WHEN lead_in THEN cold_ns ELSE 0 END) + greatest(block_ns, -wire_ns // 2)
      + (CASE WHEN voided THEN 10 * wire_ns * (arm_no + 1) ELSE 0 END) 
      + (CASE WHEN opened_agent THEN lookup_ns + connect_ns + tls_ns ELSE 0 END) AS wire_ns,
      gateway_ns + coalesce(injected_ns, 0) AS gateway_ns,
      upstream_wire_ns + (CASE WHEN opened_gateway THEN lookup_ns + connect_ns + tls_ns ELSE 0 END) AS upstream_wire_ns),
    (1700000000000000000 + block * ${block_ns} + session_no * ${session_ns} + offset_ns)::BIGINT AS due_ns
  FROM drawn
), durations AS (
  SELECT *,
    check_ns + tool_ns AS server_ns,
    CASE WHEN has_gateway THEN upstream_wire_ns + check_ns + tool_ns ELSE 0 END AS upstream_ns,
    -- A refused first try: the checker's own time; at the gateway where that checks tokens, else at the tool.
    CASE WHEN NOT touched_agent THEN 0 WHEN has_gateway AND checks_tokens THEN gateway_ns
      WHEN has_gateway THEN gateway_ns + upstream_wire_ns + check_ns ELSE check_ns END AS refused_ns,
    CASE WHEN touched_gateway AND has_gateway THEN upstream_wire_ns + check_ns + refresh_ns ELSE 0 END AS mended_ns
  FROM parts
)
SELECT *,
  due_ns + lag_ns AS start_ns,
  due_ns + lag_ns + agent_ns // 2 AS first_ns,
  CASE WHEN touched_agent THEN due_ns + lag_ns + agent_ns // 2 + wire_ns + refused_ns + refresh_ns ELSE due_ns + lag_ns + agent_ns // 2 END AS last_ns,
  wire_ns + CASE WHEN has_gateway THEN gateway_ns + mended_ns + upstream_ns ELSE server_ns END AS attempt_ns
FROM durations
