-- purpose: describe every transform of a type for a language
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.format_type(f.trftype, NULL) || ' for ' || pg_catalog.quote_ident(l.lanname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       f.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'from_sql', NULLIF(f.trffromsql::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'to_sql', NULLIF(f.trftosql::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-')
       ) AS attributes
  FROM pg_catalog.pg_transform AS f
  JOIN pg_catalog.pg_language AS l ON l.oid = f.trflang
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_transform'::pg_catalog.regclass
                      AND e.objid = f.oid AND e.deptype = 'e')
 ORDER BY 1
