-- purpose: describe every setting of the database and of roles; one that an application made up, by its name only
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT CASE WHEN s.setrole <> 0 THEN 'role ' || pg_catalog.quote_ident(r.rolname)
                    || CASE WHEN s.setdatabase <> 0 THEN ' in this database' ELSE '' END
                WHEN s.setdatabase <> 0 THEN 'database'
                ELSE 'all roles' END
           || ' ' || e.name AS identity,
       NULL::pg_catalog.text AS belongs_to,
       CASE WHEN s.setdatabase = 0 THEN '' ELSE 'here.' END || s.setrole::pg_catalog.text || '.' || e.name AS physical,
       pg_catalog.jsonb_build_object('value', CASE WHEN e.name !~ '\.' THEN e.value END) AS attributes
  FROM pg_catalog.pg_db_role_setting AS s
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
 CROSS JOIN LATERAL (
       SELECT pg_catalog.split_part(u.entry, '=', 1) AS name,
              pg_catalog.substr(u.entry, pg_catalog.strpos(u.entry, '=') + 1) AS value
         FROM pg_catalog.unnest(s.setconfig) AS u (entry)) AS e
 WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
                              WHERE d.datname = pg_catalog.current_database()))
   AND e.name !~ '^rehearse\.'
 ORDER BY 1
