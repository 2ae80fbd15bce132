-- purpose: list the roles of the stage's server
-- needs: CONNECT to any database of it
-- returns: role
SELECT r.rolname::pg_catalog.text AS role
  FROM pg_catalog.pg_roles AS r
 ORDER BY 1
