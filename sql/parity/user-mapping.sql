-- purpose: list which roles have a user mapping for which foreign server; what it holds is not read
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE m.usename::pg_catalog.text END
           || ' on ' || m.srvname::pg_catalog.text AS name,
       'access' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object() AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
  FROM pg_catalog.pg_user_mappings AS m
 ORDER BY 1
