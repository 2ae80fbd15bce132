-- purpose: name the server's data by what it is: a standby and every physical copy say the same
-- needs: EXECUTE on pg_control_system(), which PUBLIC has unless somebody took it away
-- returns: system_identifier
SELECT s.system_identifier::pg_catalog.text AS system_identifier
  FROM pg_catalog.pg_control_system() AS s
 ORDER BY 1
