-- purpose: name the server's data by what it is: a standby and every physical copy say the same
-- needs: EXECUTE on pg_control_system(), which PUBLIC has unless somebody took it away
-- returns: system_identifier, database
SELECT s.system_identifier::pg_catalog.text AS system_identifier,
       d.oid::pg_catalog.int8 AS database
  FROM pg_catalog.pg_database AS d
 CROSS JOIN pg_catalog.pg_control_system() AS s
 WHERE d.datname = pg_catalog.current_database()
 ORDER BY 1
