-- purpose: describe every text search parser
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.prsname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       p.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'start', p.prsstart::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text,
           'token', p.prstoken::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text,
           'end', p.prsend::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text,
           'headline', NULLIF(p.prsheadline::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'token_types', p.prslextype::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text
       ) AS attributes
  FROM pg_catalog.pg_ts_parser AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.prsnamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_ts_parser'::pg_catalog.regclass
                      AND e.objid = p.oid AND e.deptype = 'e')
 ORDER BY 1
