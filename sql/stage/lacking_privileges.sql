-- purpose: name the privileges a role lacks on a database
-- needs: CONNECT to any database of the server
-- returns: privilege
SELECT p.privilege
  FROM pg_catalog.unnest(%(privileges)s::pg_catalog.text[]) AS p (privilege)
 WHERE NOT pg_catalog.has_database_privilege(%(role)s, %(database)s, p.privilege)
 ORDER BY 1
