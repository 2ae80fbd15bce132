-- purpose: say who may do what with the database itself
-- needs: CONNECT
-- returns: entry (aclitem as text)
SELECT a.entry::pg_catalog.text AS entry
  FROM pg_catalog.pg_database AS d
 CROSS JOIN LATERAL pg_catalog.unnest(d.datacl) AS a (entry)
 WHERE d.datname = pg_catalog.current_database()
 ORDER BY 1
