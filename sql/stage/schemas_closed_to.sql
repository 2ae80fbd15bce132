-- purpose: find the schemas a role may not create in
-- needs: CONNECT to the stage
-- returns: schema
SELECT n.nspname::pg_catalog.text AS schema
  FROM pg_catalog.pg_namespace AS n
 WHERE n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
   AND NOT pg_catalog.has_schema_privilege(%(role)s, n.oid, 'CREATE')
 ORDER BY 1
