-- purpose: name the database by what it is, not by how it is reached: two addresses of one database say the same
-- needs: EXECUTE on pg_control_system(), which PUBLIC has unless somebody took it away
-- returns: database ("system identifier/oid")
SELECT s.system_identifier::pg_catalog.text || '/' || d.oid::pg_catalog.text AS database
  FROM pg_catalog.pg_database AS d
 CROSS JOIN pg_catalog.pg_control_system() AS s
 WHERE d.datname = pg_catalog.current_database()
 ORDER BY 1
