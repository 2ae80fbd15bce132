-- purpose: list the collations PostgreSQL itself brought to the stage
-- needs: CONNECT to the stage
-- returns: name
SELECT DISTINCT c.collname::pg_catalog.text AS name
  FROM pg_catalog.pg_collation AS c
 WHERE c.collnamespace = 'pg_catalog'::pg_catalog.regnamespace
 ORDER BY 1
