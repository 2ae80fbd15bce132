-- purpose: describe every foreign server, its options by name only
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(s.srvname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       s.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(s.srvowner),
           'wrapper', pg_catalog.quote_ident(w.fdwname),
           'type', s.srvtype,
           'version', s.srvversion,
           'option_names', (SELECT pg_catalog.jsonb_agg(o.name ORDER BY o.name)
                              FROM (SELECT pg_catalog.split_part(u.option, '=', 1) AS name
                                      FROM pg_catalog.unnest(s.srvoptions) AS u (option)) AS o)
       ) AS attributes
  FROM pg_catalog.pg_foreign_server AS s
  JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_foreign_server'::pg_catalog.regclass
                      AND e.objid = s.oid AND e.deptype = 'e')
 ORDER BY 1
