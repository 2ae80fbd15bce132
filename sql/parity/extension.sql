-- purpose: list the installed extensions, and whether the server's files offer another version
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT e.extname::pg_catalog.text AS name,
       'results' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object('version', e.extversion, 'schema', n.nspname) AS compared,
       pg_catalog.jsonb_build_object('offered', a.default_version) AS told,
       CASE WHEN a.default_version <> e.extversion
            THEN 'is installed in version ' || e.extversion || ', the server''s files offer ' || a.default_version
                 || ': ALTER EXTENSION ' || pg_catalog.quote_ident(e.extname) || ' UPDATE' END AS remark
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
  LEFT JOIN pg_catalog.pg_available_extensions AS a ON a.name = e.extname
 ORDER BY 1
