-- purpose: say how large the connected database is, and how much is in it; for information, never a difference
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT 'database' AS name,
       'information' AS importance,
       false AS expected,
       pg_catalog.jsonb_build_object('bytes', pg_catalog.pg_database_size(pg_catalog.current_database())) AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
 UNION ALL
SELECT 'tables', 'information', false,
       pg_catalog.jsonb_build_object('tables', pg_catalog.count(*) FILTER (WHERE c.relkind IN ('r', 'p')),
                                     'indexes', pg_catalog.count(*) FILTER (WHERE c.relkind IN ('i', 'I'))),
       pg_catalog.jsonb_build_object(),
       NULL
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
 ORDER BY 1
