-- purpose: describe every foreign data wrapper, its options by name only
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(w.fdwname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       w.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(w.fdwowner),
           'handler', NULLIF(w.fdwhandler::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'validator', NULLIF(w.fdwvalidator::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'option_names', (SELECT pg_catalog.jsonb_agg(o.name ORDER BY o.name)
                              FROM (SELECT pg_catalog.split_part(u.option, '=', 1) AS name
                                      FROM pg_catalog.unnest(w.fdwoptions) AS u (option)) AS o)
       ) AS attributes
  FROM pg_catalog.pg_foreign_data_wrapper AS w
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass
                      AND e.objid = w.oid AND e.deptype = 'e')
 ORDER BY 1
