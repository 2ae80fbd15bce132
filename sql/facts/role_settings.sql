-- purpose: list what ALTER DATABASE and ALTER ROLE have set, for this database and for every database
-- needs: CONNECT
-- returns: role (NULL: the database's own), in_database, entry ("name=value")
SELECT r.rolname::pg_catalog.text AS role,
       s.setdatabase <> 0 AS in_database,
       e.entry
  FROM pg_catalog.pg_db_role_setting AS s
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
 CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS e (entry)
 WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
                              WHERE d.datname = pg_catalog.current_database()))
   AND (s.setrole = 0 OR r.rolname IS NOT NULL)
 ORDER BY 1, 2, 3
