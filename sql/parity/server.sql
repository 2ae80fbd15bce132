-- purpose: say which version of PostgreSQL this is, and on what it was built
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT 'version' AS name,
       'results' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object(
           'version', pg_catalog.substring(pg_catalog.current_setting('server_version'), '^[^ ]+')) AS compared,
       pg_catalog.jsonb_build_object('build', pg_catalog.version()) AS told,
       NULL AS remark
 ORDER BY 1
