-- purpose: describe every materialized view
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS belongs_to,
       c.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(c.relowner),
           'definition', pg_catalog.pg_get_viewdef(c.oid),
           'columns', (
               SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                          'name', a.attname,
                          'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                          'storage', CASE WHEN a.attstorage <> t.typstorage THEN
                              CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                                                WHEN 'm' THEN 'main' ELSE 'extended' END END,
                          'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
                          'statistics', CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END,
                          'options', (SELECT pg_catalog.jsonb_agg(o.option ORDER BY o.option)
                                        FROM pg_catalog.unnest(a.attoptions) AS o (option))) ORDER BY a.attnum)
                 FROM pg_catalog.pg_attribute AS a
                 JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
           'options', (SELECT pg_catalog.jsonb_agg(o.option ORDER BY o.option)
                         FROM pg_catalog.unnest(c.reloptions) AS o (option)),
           'populated', c.relispopulated,
           'access_method', m.amname,
           'tablespace', s.spcname
       ) AS attributes
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
  LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
 WHERE c.relkind = 'm'
   AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 1
