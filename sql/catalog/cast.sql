-- purpose: describe every cast between types
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.format_type(k.castsource, NULL) || ' as ' || pg_catalog.format_type(k.casttarget, NULL) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       k.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'context', CASE k.castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'assignment' ELSE 'explicit' END,
           'method', CASE k.castmethod WHEN 'f' THEN 'function' WHEN 'i' THEN 'in and out' ELSE 'binary' END,
           'function', NULLIF(k.castfunc::pg_catalog.regprocedure::pg_catalog.text, '-')
       ) AS attributes
  FROM pg_catalog.pg_cast AS k
 WHERE k.oid >= 16384
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass
                      AND e.objid = k.oid AND e.deptype IN ('e', 'i'))
 ORDER BY 1
