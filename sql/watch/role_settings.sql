-- purpose: read the settings of a role in this database, to put them back afterwards
-- needs: CONNECT
-- returns: setting ("name=value")
SELECT pg_catalog.unnest(s.setconfig) AS setting
  FROM pg_catalog.pg_db_role_setting AS s
  JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
 WHERE COALESCE(r.rolname, '') = %(role)s
   AND d.datname = pg_catalog.current_database()
 ORDER BY 1
