-- purpose: list the roles and what they may do; passwords are not read
-- needs: CONNECT
-- returns: name, importance, expected, compared, told, remark
SELECT r.rolname::pg_catalog.text AS name,
       'access' AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object(
           'superuser', r.rolsuper,
           'inherit', r.rolinherit,
           'createrole', r.rolcreaterole,
           'createdb', r.rolcreatedb,
           'login', r.rolcanlogin,
           'replication', r.rolreplication,
           'bypassrls', r.rolbypassrls,
           'connection_limit', r.rolconnlimit,
           'valid_until', r.rolvaliduntil) AS compared,
       pg_catalog.jsonb_build_object() AS told,
       NULL AS remark
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname !~ '^pg_'
 ORDER BY 1
