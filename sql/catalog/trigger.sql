-- purpose: describe every trigger; a partition's copy only where it is switched differently
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
           || '.' || pg_catalog.quote_ident(t.tgname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS belongs_to,
       t.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'definition', pg_catalog.pg_get_triggerdef(t.oid),
           'enabled', CASE t.tgenabled
               WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' ELSE 'enabled' END
       ) AS attributes
  FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_trigger AS u ON u.oid = t.tgparentid
 WHERE CASE WHEN u.oid IS NULL THEN NOT t.tgisinternal
            ELSE u.tgconstrrelid = 0 AND u.tgenabled <> t.tgenabled END
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 1
