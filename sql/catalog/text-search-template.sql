-- purpose: describe every text search template
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.tmplname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       t.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'init', NULLIF(t.tmplinit::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'lexize', t.tmpllexize::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text
       ) AS attributes
  FROM pg_catalog.pg_ts_template AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.tmplnamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_ts_template'::pg_catalog.regclass
                      AND e.objid = t.oid AND e.deptype = 'e')
 ORDER BY 1
