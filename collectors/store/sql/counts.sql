-- By service for spans and logs, in all for the rest.
SELECT 'calls' AS what, NULL AS service, count(*) AS n FROM {calls}
UNION ALL
SELECT 'attempts', NULL, count(*) FROM {attempts}
UNION ALL
SELECT 'resources', NULL, count(*) FROM {resources}
UNION ALL
SELECT 'load', NULL, count(*) FROM {load}
UNION ALL
SELECT 'spans', ServiceName, count(*) FROM {spans} GROUP BY ServiceName
UNION ALL
SELECT 'logs', ServiceName, count(*) FROM {logs} GROUP BY ServiceName
ORDER BY what, service
