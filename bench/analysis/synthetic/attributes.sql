-- Building a map costs 10 µs, copying one nearly nothing: so each that is needed is built once.
CREATE OR REPLACE TABLE resource_map AS
SELECT tier, arm, block,
  map(['service.name', 'service.instance.id', 'host.id', 'weighbridge.block', 'weighbridge.arm'],
      ['weighbridge-' || tier, tier || '/' || block, 'synthetic', block::VARCHAR, CASE WHEN tier IN ('agent', 'gateway') THEN arm ELSE '' END]) AS attributes
FROM (VALUES ('agent'), ('gateway'), ('tools'), ('auth')) t(tier), arm, block;

CREATE OR REPLACE TABLE span_map AS
SELECT shape, arm, status, variant,
  CASE shape WHEN 'tool' THEN
    map(['http.request.method', 'http.route', 'http.response.status_code', 'url.path', 'weighbridge.token_check_ns', 'weighbridge.service_ns'],
        ['POST', '/search/query', status::VARCHAR, '/search/query', check_ns::VARCHAR, (50000 + variant * 7)::VARCHAR])
  WHEN 'call' THEN
    map(['gen_ai.tool.name', 'weighbridge.call_id', 'weighbridge.arm', 'weighbridge.operation'], ['search', 'b' || variant, arm, 'search.query'])
  ELSE
    map(['http.request.method', 'http.response.status_code', 'server.address', 'server.port', 'url.full'], ['POST', status::VARCHAR, '127.0.0.1', '8080', 'http://127.0.0.1:8080/search/query?q=' || variant])
  END AS attributes
FROM (VALUES ('tool'), ('call'), ('http')) s(shape), arm, (VALUES (200), (401)) c(status), range(50) v(variant);

CREATE OR REPLACE TABLE line_map AS
SELECT status, map(['scope', 'status'], ['request', status::VARCHAR]) AS attributes FROM (VALUES (200), (401)) c(status)
