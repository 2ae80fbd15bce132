-- purpose: find a database of the stage's server by name
-- needs: CONNECT to any database of it
-- returns: database, owner
SELECT d.datname::pg_catalog.text AS database,
       pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text AS owner
  FROM pg_catalog.pg_database AS d
 WHERE d.datname = %(name)s
 ORDER BY 1
