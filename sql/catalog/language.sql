-- purpose: describe every procedural language that no extension brought
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(l.lanname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       l.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(l.lanowner),
           'trusted', l.lanpltrusted,
           'handler', NULLIF(l.lanplcallfoid::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'inline', NULLIF(l.laninline::pg_catalog.regprocedure::pg_catalog.text, '-'),
           'validator', NULLIF(l.lanvalidator::pg_catalog.regprocedure::pg_catalog.text, '-')
       ) AS attributes
  FROM pg_catalog.pg_language AS l
 WHERE l.lanispl
   AND l.oid >= 16384
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_language'::pg_catalog.regclass
                      AND e.objid = l.oid AND e.deptype = 'e')
 ORDER BY 1
