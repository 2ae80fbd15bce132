-- purpose: describe every installed extension
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(x.extname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       x.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'version', x.extversion,
           'schema', pg_catalog.quote_ident(n.nspname)
       ) AS attributes
  FROM pg_catalog.pg_extension AS x
  JOIN pg_catalog.pg_namespace AS n ON n.oid = x.extnamespace
 ORDER BY 1
