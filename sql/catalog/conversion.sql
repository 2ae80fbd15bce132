-- purpose: describe every conversion between encodings
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.conname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       c.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(c.conowner),
           'from', pg_catalog.pg_encoding_to_char(c.conforencoding),
           'to', pg_catalog.pg_encoding_to_char(c.contoencoding),
           'function', c.conproc::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text,
           'default', c.condefault
       ) AS attributes
  FROM pg_catalog.pg_conversion AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.connamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_conversion'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 1
