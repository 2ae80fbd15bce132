-- purpose: list the throw-away databases and roles of rehearsals that were killed, databases first
-- needs: CONNECT to any database of the server
-- returns: kind, name
SELECT 'DATABASE' AS kind, d.datname::pg_catalog.text AS name
  FROM pg_catalog.pg_database AS d
 WHERE pg_catalog.shobj_description(d.oid, 'pg_database') = %(mark)s
   AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
 UNION ALL
SELECT 'ROLE', r.rolname::pg_catalog.text
  FROM pg_catalog.pg_roles AS r
 WHERE pg_catalog.shobj_description(r.oid, 'pg_authid') = %(mark)s
 ORDER BY 1, 2
