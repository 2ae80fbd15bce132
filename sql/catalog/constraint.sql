-- purpose: describe every table constraint; NOT NULL is told by its column, a foreign key of a partition by its root
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
           || '.' || pg_catalog.quote_ident(k.conname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS belongs_to,
       k.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'type', CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
                                  WHEN 'x' THEN 'exclusion' ELSE 'check' END,
           'definition', pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
           'columns', (SELECT pg_catalog.jsonb_agg((
                                  SELECT pg_catalog.quote_ident(a.attname)
                                    FROM pg_catalog.pg_attribute AS a
                                   WHERE a.attrelid = k.conrelid AND a.attnum = u.attnum) ORDER BY u.place)
                         FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)),
           'references', CASE WHEN k.confrelid <> 0 THEN (
               SELECT pg_catalog.quote_ident(rn.nspname) || '.' || pg_catalog.quote_ident(r.relname)
                 FROM pg_catalog.pg_class AS r
                 JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
                WHERE r.oid = k.confrelid) END,
           'validated', k.convalidated,
           'deferrable', k.condeferrable,
           'deferred', k.condeferred
       ) AS attributes
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE k.contype IN ('p', 'u', 'f', 'x', 'c')
   AND NOT (k.contype = 'f' AND k.conparentid <> 0)
   AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 1
