-- purpose: say whether a database exists, and what its comment says of where it comes from
-- needs: CONNECT to any database of the server
-- returns: comment (NULL: it has none)
SELECT pg_catalog.shobj_description(d.oid, 'pg_database') AS comment
  FROM pg_catalog.pg_database AS d
 WHERE d.datname = %(name)s
 ORDER BY 1
