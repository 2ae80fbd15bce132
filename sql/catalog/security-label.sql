-- purpose: describe every security label on an object of the database
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT l.provider || ' on ' || l.objtype || ' ' || l.objname AS identity,
       NULL::pg_catalog.text AS belongs_to,
       l.classoid::pg_catalog.text || '.' || l.objoid::pg_catalog.text || '.' || l.objsubid::pg_catalog.text
           || '.' || l.provider AS physical,
       pg_catalog.jsonb_build_object('label', l.label) AS attributes
  FROM pg_catalog.pg_seclabels AS l
 WHERE l.objtype NOT IN ('database', 'role', 'tablespace')
   AND l.objoid >= 16384
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = l.classoid
                      AND e.objid = l.objoid AND e.deptype = 'e')
 ORDER BY 1
