-- purpose: describe every access method that no extension brought
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(a.amname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       a.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'type', CASE a.amtype WHEN 't' THEN 'table' ELSE 'index' END,
           'handler', a.amhandler::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text
       ) AS attributes
  FROM pg_catalog.pg_am AS a
 WHERE a.oid >= 16384
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_am'::pg_catalog.regclass
                      AND e.objid = a.oid AND e.deptype = 'e')
 ORDER BY 1
