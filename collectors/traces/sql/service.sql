-- A small number for every service that sent spans or lines, with its place on a call's path. `tier(service, role)` is
-- given: 1 agent, 2 gateway, 3 tool; whoever else sent something has role 0.
CREATE TABLE service AS
SELECT (row_number() OVER (ORDER BY role IS NULL, name) - 1)::INTEGER AS code, name, coalesce(role, 0)::INTEGER AS role
FROM (
  SELECT DISTINCT ServiceName AS name FROM spans
  UNION
  SELECT DISTINCT ServiceName FROM logs
  UNION
  SELECT service FROM tier
) names
LEFT JOIN (SELECT service, max(role) AS role FROM tier GROUP BY service) known ON known.service = names.name;
