-- purpose: list what ALTER DATABASE has set for the connected database
-- needs: CONNECT
-- returns: name, importance (NULL: that of the setting told), expected, compared, told, remark
SELECT pg_catalog.split_part(e.entry, '=', 1) AS name,
       NULL AS importance,
       true AS expected,
       pg_catalog.jsonb_build_object(
           'value', pg_catalog.substr(e.entry, pg_catalog.strpos(e.entry, '=') + 1)) AS compared,
       pg_catalog.jsonb_build_object('setting', pg_catalog.split_part(e.entry, '=', 1)) AS told,
       NULL AS remark
  FROM pg_catalog.pg_db_role_setting AS s
 CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS e (entry)
 WHERE s.setrole = 0
   AND s.setdatabase = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
 ORDER BY 1
