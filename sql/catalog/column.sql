-- purpose: describe every column of a table or foreign table
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
           || '.' || pg_catalog.quote_ident(a.attname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS belongs_to,
       c.oid::pg_catalog.text || '.' || a.attnum::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
           'not_null', a.attnotnull,
           'not_null_validated', NULL,  -- where a newer server says something, it is something unusual
           'not_null_inherited', NULL,
           'default', CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
           'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
           'expression', CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
           'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
           'collation', CASE WHEN a.attcollation <> t.typcollation THEN (
               SELECT pg_catalog.quote_ident(ln.nspname) || '.' || pg_catalog.quote_ident(l.collname)
                 FROM pg_catalog.pg_collation AS l
                 JOIN pg_catalog.pg_namespace AS ln ON ln.oid = l.collnamespace
                WHERE l.oid = a.attcollation) END,
           'storage', CASE WHEN a.attstorage <> t.typstorage THEN
               CASE a.attstorage
                   WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END,
           'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
           'statistics', CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END,
           'options', CASE WHEN a.attoptions IS NOT NULL THEN (
               SELECT pg_catalog.jsonb_agg(o.option ORDER BY o.option)
                 FROM pg_catalog.unnest(a.attoptions) AS o (option)) END,
           'foreign_option_names', CASE WHEN a.attfdwoptions IS NOT NULL THEN (
               SELECT pg_catalog.jsonb_agg(o.name ORDER BY o.name)
                 FROM (SELECT pg_catalog.split_part(u.option, '=', 1) AS name
                         FROM pg_catalog.unnest(a.attfdwoptions) AS u (option)) AS o) END
       ) AS attributes
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p', 'f')
   AND c.relpersistence <> 't'
   AND a.attnum > 0
   AND NOT a.attisdropped
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY 1
