-- purpose: describe every user mapping by role and server; its options are secrets
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(m.usename) END
           || ' on ' || pg_catalog.quote_ident(m.srvname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       m.umid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object() AS attributes
  FROM pg_catalog.pg_user_mappings AS m
 ORDER BY 1
